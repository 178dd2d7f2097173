/** Stands in for a process that a setting keeps from starting. */
process.stderr.write('change the setting\n');
process.exit(78);
