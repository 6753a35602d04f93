import { printable } from '../../domain/index.ts';
import { addressOfUrl, emptySecretValues, maskSecretArgs, safeEnvValue } from './secrets.ts';
import { shapes } from './shapes.ts';

/** Longest text that is kept of one field; what is cut off is counted in its last words. */
export const MAX_FIELD = 4096;
/** A bundle of certificates is of no use when cut; it holds no secret. */
const MAX_BUNDLE = 64 * 1024;
const ROOM_FOR_NOTE = 64;

/** The value as it may be kept, undefined where it must go. Objects are changed in place where nothing leaves them. */
type Cleaner = (value: unknown) => unknown;
type Fields = Record<string, unknown>;

interface Field {
  readonly clean: Cleaner;
  /** What stands for it where it has to be there and is not. */
  readonly fallback?: () => unknown;
}

/** Anything but what is certainly harmless: most texts need no closer look. */
const SUSPECT = /[^\t\n\x20-\x7e]/;

/** Text that can be shown, at most `max` characters long. */
export function cleanText(text: string, max = MAX_FIELD): string {
  if (text.length <= max) {
    if (!SUSPECT.test(text)) return text;
    const safe = printable(text);
    if (safe.length <= max) return safe;
  }
  const head = wholeCharacters(printable(wholeCharacters(text, max)), max - ROOM_FOR_NOTE);
  return `${head}… cut, ${Math.max(text.length - head.length, 1)} bytes omitted`;
}

/** The beginning of a text, not ending in half a character. */
function wholeCharacters(text: string, max: number): string {
  const last = text.charCodeAt(Math.min(max, text.length) - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? max - 1 : max);
}

const string: Cleaner = (value) => (typeof value === 'string' ? cleanText(value) : undefined);
const longString: Cleaner = (value) => (typeof value === 'string' ? cleanText(value, MAX_BUNDLE) : undefined);
const number: Cleaner = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
const boolean: Cleaner = (value) => (typeof value === 'boolean' ? value : undefined);
const intOrString: Cleaner = (value) => string(value) ?? number(value);
/** Quantities and labels are strings; a number in their place is what hand-written YAML makes of them. */
const stringInMap: Cleaner = (value) => (typeof value === 'number' ? String(value) : string(value));

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function arrayOf(element: Cleaner): Cleaner {
  return (value) => {
    if (!Array.isArray(value)) return undefined;
    const list = value as unknown[];
    let kept = 0;
    for (const entry of list) {
      const clean = element(entry);
      if (clean !== undefined) list[kept++] = clean;
    }
    list.length = kept;
    return list;
  };
}

function mapOf(element: Cleaner): Cleaner {
  return (value) => {
    if (!isObject(value)) return undefined;
    let same = true;
    for (const key of Object.keys(value)) {
      const before = value[key];
      const after = element(before);
      if (after === undefined || key === '__proto__' || cleanText(key) !== key) same = false;
      else if (after !== before) value[key] = after;
    }
    return same ? value : rebuiltMap(value, element);
  };
}

function rebuiltMap(map: Fields, element: Cleaner): Fields {
  const result: Fields = {};
  for (const [key, value] of Object.entries(map)) {
    const clean = element(value);
    if (clean !== undefined && key !== '__proto__') result[cleanText(key)] = clean;
  }
  return result;
}

/** Changes an object whose fields have their types already. */
type Finish = (object: Fields) => void;

/** Annotations that hold a whole copy of the object, values included. */
const COPY_OF_OBJECT = /last-applied|last-handled-configuration|objectset\.rio\.cattle\.io\/applied/;

const finish: Readonly<Record<string, Finish>> = {
  V1ObjectMeta(meta) {
    const annotations = meta['annotations'] as Record<string, string> | undefined;
    if (!annotations || !Object.keys(annotations).some((key) => COPY_OF_OBJECT.test(key))) return;
    meta['annotations'] = Object.fromEntries(Object.entries(annotations).filter(([key]) => !COPY_OF_OBJECT.test(key)));
  },
  V1ConfigMap(map) {
    for (const field of ['data', 'binaryData']) {
      const values = map[field] as Record<string, string> | undefined;
      if (values) for (const key of Object.keys(values)) values[key] = '';
    }
  },
  V1EnvVar(env) {
    if (typeof env['value'] === 'string') env['value'] = safeEnvValue(String(env['name']), env['value']);
  },
  V1Container(container) {
    for (const field of ['command', 'args']) maskSecretArgs((container[field] ?? []) as string[]);
    const { command, args } = container as { command?: string[]; args?: string[] };
    if (command?.length === 1 && args) maskSecretArgs(args);
  },
  V1ExecAction(exec) {
    maskSecretArgs((exec['command'] ?? []) as string[]);
  },
  V1HTTPHeader(header) {
    if (String(header['name']).toLowerCase() !== 'host') header['value'] = '';
  },
  V1StorageClass: (object) => {
    emptySecretsIn(object, 'parameters');
  },
  V1CSIPersistentVolumeSource: (object) => {
    emptySecretsIn(object, 'volumeAttributes');
  },
  V1CSIVolumeSource: (object) => {
    emptySecretsIn(object, 'volumeAttributes');
  },
  V1FlexVolumeSource: (object) => {
    emptySecretsIn(object, 'options');
  },
  V1FlexPersistentVolumeSource: (object) => {
    emptySecretsIn(object, 'options');
  },
  AdmissionregistrationV1WebhookClientConfig: addressOnly,
  ApiextensionsV1WebhookClientConfig: addressOnly,
};

function emptySecretsIn(object: Fields, field: string): void {
  if (object[field] !== undefined) emptySecretValues(object[field] as Record<string, string>);
}

function addressOnly(config: Fields): void {
  if (typeof config['url'] === 'string') config['url'] = addressOfUrl(config['url']) ?? '';
}

const compiled = new Map<string, Cleaner>();

/** What cleans an object of a shape of shapes.ts; undefined for anything that is no object. */
export function cleanerOf(shape: string): Cleaner {
  let cleaner = compiled.get(shape);
  if (!cleaner) {
    cleaner = compile(shape);
    compiled.set(shape, cleaner);
  }
  return cleaner;
}

function compile(name: string): Cleaner {
  const text = shapes[name];
  if (text === undefined) throw new Error(`no shape ${name}`);
  const done = finish[name];
  let fields: Map<string, Field> | undefined;
  let required: [string, Field][] = [];
  return (value) => {
    if (!isObject(value)) return undefined;
    if (!fields) {
      fields = fieldsOf(text);
      required = [...fields].filter(([, field]) => field.fallback !== undefined);
    }
    const object = cleanFields(value, fields);
    for (const [key, field] of required) if (object[key] === undefined) object[key] = field.fallback?.();
    done?.(object);
    return object;
  };
}

/** The object with the known fields only: the same one where it has no others. */
function cleanFields(object: Fields, fields: ReadonlyMap<string, Field>): Fields {
  let same = true;
  for (const key in object) {
    const field = fields.get(key);
    const before = object[key];
    const after = field?.clean(before);
    if (after === undefined) same = false;
    if (after !== before) object[key] = after;
  }
  if (same) return object;
  const result: Fields = {};
  for (const key in object) if (object[key] !== undefined && fields.has(key)) result[key] = object[key];
  return result;
}

function fieldsOf(text: string): Map<string, Field> {
  const fields = new Map<string, Field>();
  for (const part of text.split(' ')) {
    const [, name = '', required, type = ''] = /^(\w+)(!?):(.+)$/.exec(part) ?? [];
    const clean = ofType(type);
    fields.set(name, required === '!' ? { clean, fallback: () => fallbackOf(type, clean) } : { clean });
  }
  return fields;
}

function ofType(type: string): Cleaner {
  switch (type) {
    case 's':
      return string;
    case 'l':
      return longString;
    case 'n':
      return number;
    case 'b':
      return boolean;
    case 'i':
      return intOrString;
    case '{s}':
      return mapOf(stringInMap);
  }
  if (type.startsWith('[')) return arrayOf(ofType(type.slice(1, -1)));
  if (type.startsWith('{')) return mapOf(ofType(type.slice(1, -1)));
  return cleanerOf(type);
}

function fallbackOf(type: string, clean: Cleaner): unknown {
  switch (type) {
    case 's':
      return '';
    case 'n':
    case 'i':
      return 0;
    case 'b':
      return false;
  }
  return type.startsWith('[') ? [] : clean({});
}
