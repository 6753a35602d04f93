// Everything that needs the rules, behind one import: the first reads are under way while it loads.
export { logsOfDependencies, readsOfDependencies } from './dependencies.ts';
export { diagnose } from './engine.ts';
export { kindsOfNamespace, kindsRead } from './kinds-read.ts';
