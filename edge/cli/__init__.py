"""The command `anyecg`: its frame, and the verbs that need nothing but `edge`."""
