"""The composition root: settings, wiring, command handling, followers, importers, command line."""
