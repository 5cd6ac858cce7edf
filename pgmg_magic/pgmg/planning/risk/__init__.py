"""Forecasts what a plan's steps lock, scan, rewrite and lose, and compares it with what is allowed."""
