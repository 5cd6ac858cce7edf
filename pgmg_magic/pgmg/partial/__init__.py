"""Plans a part of a project while the rest of it is broken, waits, or is somebody else's: for watchers and cells."""
