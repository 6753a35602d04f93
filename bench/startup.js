// Start-up: `aiops --version` against a Node that does nothing.
import { aiops, compare, report } from './measure.js';

const ok = report('aiops --version', await compare([aiops, '--version'], ['-e', '0'], 21), 2);
report('aiops --help', await compare([aiops, '--help'], ['-e', '0'], 11), 4);
process.exitCode = process.argv.includes('--check') && !ok ? 1 : 0;
