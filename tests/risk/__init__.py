"""Forecasts of locks, rewrites and scans against the server itself."""
