"""What a virtual patch keeps in flash and answers over SMP, as servers built on Zephyr do."""
