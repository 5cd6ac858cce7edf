"""Connections and what runs on them: settings, pipelines, the sessions that block ours."""
