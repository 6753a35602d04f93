import { wordings } from '../pattern.ts';

export const denied = wordings('log/permission-denied', {
  'denied-go':
    /(?:open|mkdir|create|remove|unlink|unlinkat|rename|chown|chmod|lchown|stat|lstat|symlink|write|truncate) (?<path>\/[^\s:"']{1,400}): (?<why>permission denied|operation not permitted|read-only file system)/,
  'denied-python':
    /(?:PermissionError|OSError): \[Errno (?:1|13|30)\] (?<why>[A-Z][\w -]{1,40}): '(?<path>[^']{1,400})'/,
  'denied-node': /(?:EACCES|EPERM|EROFS): (?<why>[a-z -]{1,40}), \w{1,20} '(?<path>[^']{1,400})'/,
  'denied-node-listen': /listen EACCES: permission denied [\d.:a-f[\]]{0,45}:(?<port>\d{1,5})/,
  'denied-java': /(?:AccessDeniedException|ReadOnlyFileSystemException)(?:: |\[)(?<path>\/[^\s\]]{1,400})/,
  'denied-java-file':
    /FileNotFoundException: (?<path>\/[^\s(]{1,400}) \((?<why>Permission denied|Read-only file system)\)/,
  'denied-ruby':
    /(?<why>Permission denied|Read-only file system|Operation not permitted) @ \w{1,40} - (?<path>[^\s(]{1,400})/,
  'denied-dotnet': /Access to the path '(?<path>[^']{1,400})' is denied|(?<why>Read-only file system) : '/,
  'denied-nginx':
    /(?:open|mkdir|rename|chown|unlink)\(\) "(?<path>[^"]{1,400})" failed \((?:1|13|30): (?<why>[A-Z][\w -]{1,40})\)/,
  'denied-nginx-bind': /bind\(\) to [\d.:a-f[\]*]{1,45}:(?<port>\d{1,5}) failed \(13: Permission denied\)/,
  'denied-go-listen': /listen (?:tcp|udp)[46]? [\w.:[\]*-]{0,253}:(?<port>\d{1,5}): bind: permission denied/,
  'denied-postgres':
    /(?:could not (?:open|create|change|access|set|write|remove|fsync) [a-z ]{1,60}"(?<path>[^"]{1,400})": (?<why>Permission denied|Operation not permitted|Read-only file system))|data directory "(?<directory>[^"]{1,400})" has (?:wrong ownership|invalid permissions)/,
  'denied-mysql':
    /Can't (?:create\/write to|create|open) (?:file|directory|test file) '?(?<path>[^\s']{1,400})'? \((?:OS errno|Errcode:) (?:13|30)/,
  'denied-chown':
    /ch(?:own|mod): (?:changing (?:ownership|permissions) of )?'?(?<path>\/[^\s':]{1,400})'?: (?<why>Operation not permitted|Read-only file system|Permission denied)/,
  'denied-redis':
    /(?:Can't open (?:or create )?the append-only file|Failed opening the (?:temp )?RDB file [^\s]{1,200}).{0,120}?(?<why>Permission denied|Read-only file system)/,
  'denied-busybox':
    /can't (?:create|open|make|remove|touch|rename)(?: directory)? '?(?<path>[^\s':]{1,400})'?: (?<why>Permission denied|Read-only file system|Operation not permitted)/,
  'denied-gnu':
    /cannot (?:create|open|touch|remove|make|stat|access|move)(?: regular file| directory)? '?(?<path>[^\s':]{1,400})'?: (?<why>Permission denied|Read-only file system|Operation not permitted)/,
  'denied-sh':
    /(?<![^\s'"(])(?<path>\/[^\s:'"]{1,400})['"]?: (?<why>Permission denied|Read-only file system|Operation not permitted)/,
  'denied-php':
    /(?:file_put_contents|fopen|mkdir|unlink)\((?<path>[^)]{1,400})\): (?:[Ff]ailed to open stream: )?(?<why>Permission denied|Read-only file system)|could not be opened in append mode: [Ff]ailed to open stream: Permission denied/,
  'denied-rust': /Os \{ code: (?:1|13|30), kind: (?:PermissionDenied|ReadOnlyFilesystem)/,
});

export const missing = wordings('log/missing-file', {
  'file-go': {
    find: /(?:open|stat|lstat|read|readdirent|chdir) (?<path>\/[^\s:"']{1,400}): no such file or directory/,
    unless: /\bexec: /,
  },
  'file-python': /FileNotFoundError: \[Errno 2\] No such file or directory: '(?<path>[^']{1,400})'/,
  'file-node': { find: /ENOENT: no such file or directory, \w{1,20} '(?<path>[^']{1,400})'/, unless: /\bspawn / },
  'file-java': /(?:FileNotFoundException|NoSuchFileException): (?<path>\/[^\s(]{1,400})/,
  'file-ruby': /No such file or directory @ \w{1,40} - (?<path>[^\s(]{1,400})/,
  'file-dotnet':
    /Could not find (?:file|a part of the path) '(?<path>[^']{1,400})'|The configuration file '(?<file>[^']{1,400})' was not found/,
  'file-php':
    /(?:include|require|include_once|require_once|file_get_contents|fopen)\((?<path>[^)]{1,400})\): [Ff]ailed to open stream: No such file/,
  'file-nginx':
    /\[emerg\].{0,80}?"(?<path>\/[^"]{1,400})"(?:.{0,80}?)? failed \(2: No such file or directory\)|\[emerg\].{0,80}?(?:certificate|key) "(?<file>\/[^"]{1,400})".{0,120}?No such file/,
  'file-busybox': /can't (?:open|cd to|access|stat) '?(?<path>\/[^\s':]{1,400})'?: No such file or directory/,
  'file-gnu':
    /cannot (?:open|access|stat|read)(?: file)? '?(?<path>\/[^\s':]{1,400})'?(?: for reading)?: No such file or directory/,
  'file-postgres': /could not (?:open|access|read|load) [a-z ]{1,60}"(?<path>[^"]{1,400})": No such file or directory/,
  'file-redis': /Fatal error, can't open config file '(?<path>[^']{1,400})'/,
  'file-openssl': /(?:BIO_new_file|fopen)\(?['"](?<path>\/[^'"]{1,400})['"].{0,60}?No such file/,
  'file-sh': /(?<![^\s'"(])(?<path>\/[^\s:'"]{1,400})['"]?: No such file or directory/,
  'file-rust': /Os \{ code: 2, kind: NotFound, message: "No such file or directory" \}/,
});

export const full = wordings('log/no-space', {
  'space-python': /\[Errno (?:28|122)\] (?:No space left on device|Disk quota exceeded)(?:: '(?<path>[^']{1,400})')?/,
  'space-go':
    /(?:write|open|mkdir|sync|close|fallocate|create) (?<path>\/[^\s:"']{1,400}): (?:no space left on device|disk quota exceeded)/,
  'space-node': /ENOSPC: no space left on device, \w{1,20}(?: '(?<path>[^']{1,400})')?/,
  'space-postgres':
    /could not (?:extend|write to|write|create|open) [a-z ]{0,40}file "(?<path>[^"]{1,400})": No space left on device/,
  'space-mysql': /Disk is full writing '(?<path>[^']{1,400})'/,
  'space-sh': /(?<![^\s'"(])(?<path>\/[^\s:'"]{1,400})['"]?: No space left on device/,
  'space-temporary': /No usable temporary directory found/,
  'space-elasticsearch': /flood stage disk watermark \[[^\]]{1,20}\] exceeded/,
  'space-any': /\bno space left on device\b|\bdisk is full\b|\bDiskFull\b|\bdisk quota exceeded\b|ERROR 53100/i,
});
