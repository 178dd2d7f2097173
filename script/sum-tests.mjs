// Prints "N passed, N failed, N skipped" over the result files of several jest runs.
// Arguments: the directory of the files, and how many checks that are no tests failed.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const [directory, failedChecks] = process.argv.slice(2);
const runs = readdirSync(directory).map((name) => JSON.parse(readFileSync(path.join(directory, name), 'utf8')));
const sum = (read) => runs.reduce((total, run) => total + read(run), 0);
const passed = sum((run) => run.numPassedTests);
// A test file that could not even run holds no failed test, so it counts as one.
const failed = sum((run) => run.numFailedTests + run.numRuntimeErrorTestSuites) + Number(failedChecks);
const skipped = sum((run) => run.numPendingTests + run.numTodoTests);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
