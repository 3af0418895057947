"""A recording as a picture on ECG paper: arrays and readings in, SVG text out."""
