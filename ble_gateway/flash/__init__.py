"""Flashing: plan, refuse, upload, resume, verify, try, confirm; over SMP (MCUmgr), on a serial port or by Bluetooth."""
