#!/usr/bin/env node
// Written so that an old Node can still read it and say why it stops.
var parts = process.versions.node.split('.');
var major = Number(parts[0]);
if (major < 20 || (major === 20 && Number(parts[1]) < 19)) {
  console.error('aiops needs Node 20.19 or newer; this is Node ' + process.versions.node + '.');
  process.exit(2);
}
import('../dist/main.js').then(
  function (main) {
    return main.main();
  },
  function (error) {
    if (error && error.code === 'ERR_MODULE_NOT_FOUND' && /dist.main\.js/.test(error.message)) {
      console.error('aiops is not built yet: run "npm run build" in ' + require_root() + '.');
    } else {
      console.error(error);
    }
    process.exitCode = 2;
  },
);

function require_root() {
  return decodeURIComponent(new URL('..', import.meta.url).pathname);
}
