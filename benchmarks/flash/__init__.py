"""Flashing a virtual patch: how fast beside `smpclient` alone, and what a thousand cuts come to."""
