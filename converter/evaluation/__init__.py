"""How well waves, beats, intervals and rhythm are read, against what people marked."""
