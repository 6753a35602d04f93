import { wordings } from '../pattern.ts';

export const modules = wordings('log/missing-module', {
  'module-python': /ModuleNotFoundError: No module named '(?<module>[^']{1,200})'/,
  'module-python-import':
    /ImportError: (?:cannot import name '(?<module>[^']{1,200})'|(?<library>lib[^\s:]{1,200}): cannot open shared object)/,
  'module-node': /Cannot find (?:module|package) '(?<module>[^']{1,400})'/,
  'module-java': /(?:ClassNotFoundException|NoClassDefFoundError): (?<module>[\w.$/]{1,300})/,
  'module-java-main': /Could not find or load main class (?<module>[\w.$/]{1,300})/,
  'module-java-jar': /Unable to access jarfile (?<module>\S{1,300})/,
  'module-java-version': /UnsupportedClassVersionError: (?<module>[\w.$/]{1,300})/,
  'module-ld': /error while loading shared libraries: (?<module>[^\s:]{1,200})/,
  'module-musl': /Error loading shared library (?<module>[^\s:]{1,200})/,
  'module-musl-symbol': /Error relocating [^\s:]{1,300}: (?<module>\w{1,100}): symbol not found/,
  'module-glibc': /version [`'](?<module>(?:GLIBC|GLIBCXX|CXXABI)_[\d.]{1,12})' not found/,
  'module-ruby': /cannot load such file -- (?<module>\S{1,300})/,
  'module-bundler': /Could not find (?<module>\S{1,200}) in (?:any of the sources|locally installed gems)/,
  'module-php': /Uncaught Error: Class "?(?<module>[\w\\]{1,200})"? not found/,
  'module-php-autoload': /Failed opening required '(?<module>[^']{1,400})'/,
  'module-dotnet': /Could not load file or assembly '(?<module>[^',]{1,200})/,
  'module-dotnet-framework': /You must install (?:or update )?(?<module>\.NET(?: Core)?) to run this application/,
  'module-perl': /Can't locate (?<module>\S{1,200}) in @INC/,
});

export const root = wordings('log/refuses-root', {
  'root-postgres': /"root" execution of the PostgreSQL server is not permitted/,
  'root-initdb': /initdb: (?:error: )?cannot be run as root/,
  'root-elasticsearch': /can ?not run (?:elasticsearch|opensearch) as root/i,
  'root-mysql': /find out how to run mysqld as root/,
  'root-chromium': /Running as root without --no-sandbox is not supported/,
  'root-any': {
    find: /(?:must not|cannot|can't|refus\w{1,6}|not allowed|not permitted)(?: to)?(?: be)? (?:run|start|execut)\w{0,5}(?: .{0,40}?)? as (?:the )?"?root\b/i,
    unless: /\bcomposer\b|\bnpm\b|\bpip\b/i,
  },
});
