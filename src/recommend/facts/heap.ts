import type { Container } from '../../domain/index.ts';
import { amountOf, largest, MI, type Amount } from '../numbers/index.ts';

/** What a process was told about its heap. */
export interface HeapFacts {
  /** The largest fixed size found. */
  readonly size?: Amount;
  /** Where it was found: `-Xmx512m`. */
  readonly text?: string;
  /** True when the heap follows the limit, or its size cannot be seen: lowering the limit shrinks it. */
  readonly unknown: boolean;
  readonly isJvm: boolean;
}

const JVM_VARIABLES = new Set(['JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS', '_JAVA_OPTIONS', 'JAVA_OPTS', 'CATALINA_OPTS']);
/** Values of these may hold a size; readers leave most values out. */
const HEAP_VARIABLES = new Set([...JVM_VARIABLES, 'NODE_OPTIONS', 'GOMEMLIMIT', 'DOTNET_GCHeapHardLimit']);
const JVM_IMAGE =
  /(?:^|[/_.:-])(?:openjdk|jdk|jre|java|temurin|corretto|zulu|tomcat|jetty|wildfly|keycloak|kafka|zookeeper|elasticsearch|opensearch|cassandra|jenkins|solr)(?:$|[/_.:@-]|\d)/i;

export function heapOf(container: Container): HeapFacts {
  const words = [...(container.command ?? []), ...(container.args ?? [])];
  const variables = (container.env ?? []).filter((e) => HEAP_VARIABLES.has(e.name));
  const isJvm =
    words.some((w) => /(?:^|[\s/])java(?:\s|$)/.test(w)) ||
    variables.some((e) => JVM_VARIABLES.has(e.name)) ||
    JVM_IMAGE.test((container.image ?? '').replace(/@sha256:.*/, ''));
  const found = [
    ...words.flatMap(sizesIn),
    ...variables.flatMap(({ name, value = '' }) => [...ownSize(name, value), ...sizesIn(value)]),
  ];
  const hidden = variables.some(({ value }) => value === undefined || value === '');
  if (found.length === 0) return { unknown: isJvm || hidden, isJvm };
  const size = largest(0n, ...found.map((f) => f.size));
  const text = found.find((f) => f.size === size)?.text;
  return { size, ...(text !== undefined && { text }), unknown: false, isJvm };
}

interface Size {
  readonly size: Amount;
  readonly text: string;
}

function sizesIn(text: string): readonly Size[] {
  const sizes: Size[] = [];
  for (const [whole, digits = '', unit = ''] of text.matchAll(/-Xmx(\d{1,15})([kKmMgGtT]?)\b/g))
    sizes.push({ size: BigInt(digits) << shift(unit), text: whole });
  for (const [whole, digits = ''] of text.matchAll(/--max[-_]old[-_]space[-_]size[= ](\d{1,9})\b/g))
    sizes.push({ size: BigInt(digits) * MI, text: whole });
  for (const [whole, name = '', value = ''] of text.matchAll(/\b(GOMEMLIMIT|DOTNET_GCHeapHardLimit)=(\S+)/g))
    sizes.push(...ownSize(name, value).map(({ size }) => ({ size, text: whole })));
  return sizes;
}

function shift(unit: string): bigint {
  return BigInt(Math.max(' kmgt'.indexOf(unit.toLowerCase() || ' '), 0)) * 10n;
}

/** GOMEMLIMIT is written as `512MiB`, DOTNET_GCHeapHardLimit in hexadecimal bytes. */
function ownSize(name: string, value: string): readonly Size[] {
  if (name === 'GOMEMLIMIT') {
    const size = /^\d+(?:B|[KMGT]iB)?$/.test(value) ? amountOf('memory', value.replace(/B$/, '')) : undefined;
    return size === undefined ? [] : [{ size, text: `${name}=${value}` }];
  }
  if (name !== 'DOTNET_GCHeapHardLimit') return [];
  const digits = /^(?:0x)?([0-9a-f]{1,15})$/i.exec(value)?.[1];
  return digits === undefined ? [] : [{ size: BigInt(`0x${digits}`), text: `${name}=${value}` }];
}
