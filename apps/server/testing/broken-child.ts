/** Stands in for a process that can't start. */
process.stderr.write('it is broken\n');
process.exit(7);
