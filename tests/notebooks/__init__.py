"""The tutorials in notebooks/: executed, kept readable where nothing runs, and compared with what they print now."""
