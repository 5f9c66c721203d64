"""Tests of the integrations, each against the real framework."""
