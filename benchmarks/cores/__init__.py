"""What the pieces of a window cost on each emulated core: the tables of `edge/boards/cores`, measured again."""
