"""The console's own HTTP: sign-in, the gate before everything else, and the public listener."""
