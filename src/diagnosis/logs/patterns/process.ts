import { wordings } from '../pattern.ts';

export const heap = wordings('log/runtime-oom', {
  'heap-java': {
    find: /java\.lang\.OutOfMemoryError: (?<detail>.{1,100})/,
    unless: /unable to create (?:new )?native thread/,
  },
  'heap-node': /(?<detail>JavaScript heap out of memory)/,
  'heap-python': /(?:^|[\s.])(?<detail>MemoryError)(?::|$)/,
  'heap-numpy': /(?<detail>Unable to allocate [\d.]{1,12} [KMGT]iB for an array)/,
  'heap-go': /fatal error: (?<detail>(?:runtime: )?out of memory)/,
  'heap-go-cannot-allocate': /(?<detail>runtime: cannot allocate memory|cannot allocate \d{1,18}-byte block)/,
  'heap-php': /(?<detail>Allowed memory size of \d{1,18} bytes exhausted)/,
  'heap-cpp': /(?<detail>std::bad_alloc)/,
  'heap-ruby': /(?<detail>failed to allocate memory) \(NoMemoryError\)/,
  'heap-dotnet': /System\.(?<detail>OutOfMemoryException)/,
  'heap-rust': /(?<detail>memory allocation of \d{1,18} bytes failed)/,
  'heap-erlang': /(?<detail>eheap_alloc: Cannot allocate \d{1,18} bytes)/,
  'heap-cuda': /(?<detail>CUDA out of memory)/,
});

export const ports = wordings('log/address-in-use', {
  'port-go': /listen (?:tcp|udp)[46]? [\w.:[\]*-]{0,253}:(?<port>\d{1,5}): bind: address already in use/,
  'port-node': /listen EADDRINUSE: address already in use [\d.:a-f[\]*]{0,45}:(?<port>\d{1,5})\b/,
  'port-spring': /Port (?<port>\d{1,5}) was already in use/,
  'port-nginx': /bind\(\) to [\d.:a-f[\]*]{1,45}:(?<port>\d{1,5}) failed \(98: /,
  'port-dotnet': /Failed to bind to address https?:\/\/[\w.:[\]*+-]{1,253}:(?<port>\d{1,5}): address already in use/,
  'port-gunicorn': /Connection in use: \('[^']{0,64}', (?<port>\d{1,5})\)/,
  'port-redis': /listening socket \S{1,60}:(?<port>\d{1,5}): bind: Address already in use/,
  'port-uvicorn':
    /error while attempting to bind on address \('[^']{0,64}', (?<port>\d{1,5})[^)]{0,20}\): address already in use/,
  'port-java-named': /Failed to bind to .{0,60}?:(?<port>\d{1,5})\b/,
  'port-envoy': /cannot bind '[^']{1,60}:(?<port>\d{1,5})': Address already in use/,
  'port-apache': /could not bind to address \S{1,60}:(?<port>\d{1,5})/,
  'port-any': /\baddress already in use\b|\bEADDRINUSE\b|\bAddress in use\b|kind: AddrInUse/i,
});

export const limits = wordings('log/resource-limit', {
  'limit-watches':
    /(?<detail>System limit for number of file watchers reached|inotify_add_watch.{0,80}?No space left on device|failed to (?:create|initialize) (?:fsnotify|inotify)\b.{0,80}|inotify_init1?.{0,40}?[Tt]oo many open files)/,
  'limit-threads':
    /(?<detail>unable to create (?:new )?native thread|can't start new thread|pthread_create failed.{0,60}|failed to create new OS thread|can't create Thread: Resource temporarily unavailable)/,
  'limit-fork':
    /(?<detail>(?:fork|vfork|clone)[^\n]{0,60}?Resource temporarily unavailable|[Cc]an(?:no|')t fork.{0,60})/,
  'limit-elasticsearch':
    /(?<detail>max virtual memory areas vm\.max_map_count \[\d{1,12}\](?: likely)? (?:is )?too low|max file descriptors \[\d{1,12}\].{0,60}?too low)/,
  'limit-files': /(?<detail>[Tt]oo many open files(?: in system)?)|\b(?<code>EMFILE|ENFILE)\b/,
});

export const crashes = wordings('log/panic', {
  'panic-go': /^(?:.{0,80} )?panic: (?<detail>.{1,300})/,
  'panic-go-fatal': /^fatal error: (?<detail>.{1,200})/,
  'panic-rust': /^thread '[^']{0,100}'(?: \(\d{1,9}\))? panicked at (?<detail>.{1,300})/,
  'panic-python': /^Traceback \(most recent call last\):/,
  'panic-java': /^Exception in thread "(?:main|[^"]{1,80})" (?<detail>.{1,300})/,
  'panic-spring': /^(?:.{0,160} )?Application run failed$/,
  'panic-php': /PHP Fatal error: {1,2}(?<detail>.{1,300})/,
  'panic-node':
    /(?:UnhandledPromiseRejection|Unhandled(?: promise)? rejection|Uncaught [Ee]xception|triggerUncaughtException)(?<detail>.{0,300})/,
  'panic-node-throw': {
    find: /^(?<detail>(?:Uncaught )?(?:[A-Z]\w{0,40})?Error(?: \[\w{1,60}\])?: .{1,300})/,
    needsFrames: true,
  },
  'panic-dotnet': /^Unhandled [Ee]xception[.:] (?<detail>.{1,300})/,
  'panic-ruby':
    /^(?<file>[\w./-]{1,300}\.rb):(?<line>\d{1,6}):in [`'][^`']{1,200}': (?<detail>.{1,300} \([A-Z][\w:]{1,80}\))/,
  // Go writes its signal below the panic that tells more.
  'panic-segv': {
    find: /(?<detail>[Ss]egmentation fault|SIGSEGV: segmentation violation|SIGSEGV \(0xb\) at pc)/,
    unless: /^\[signal /,
  },
  'panic-elixir': /^\*\* \((?<detail>[A-Z][\w.]{1,80}\) .{1,300})/,
  'panic-erlang': /(?<detail>Kernel pid terminated .{1,200}|init terminating in do_boot.{0,200})/,
  'panic-perl': /^(?<detail>.{1,200} at \S{1,200}\.p[lm] line \d{1,6}\.)$/,
});
