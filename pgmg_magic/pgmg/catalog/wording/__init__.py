"""Asks the server how it words declared objects, which columns queries return, what bodies lack."""
