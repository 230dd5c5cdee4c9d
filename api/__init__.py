"""JSON over HTTP: commands, queries, bulk intake and the event feed. `api.app` is where it begins."""
