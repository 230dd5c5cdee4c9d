"""Readers of the past: rebuilding read models."""
