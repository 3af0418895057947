"""ECGFounder's Net1D: its shape, its checkpoints, its graph (PKUDigitalHealth/ECGFounder, `net1d.py`)."""
