# Nothing: the benchmark is the boot to power-off.
