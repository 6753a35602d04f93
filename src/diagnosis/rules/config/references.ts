import { podSpecPath, templateOf, type KubeObject, type PodSpec } from '../../../domain/index.ts';

/** One place in a pod template that names a ConfigMap or a Secret. */
export interface ConfigReference {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  /** The key that must exist; absent where the whole object is used. */
  readonly key?: string;
  readonly optional: boolean;
  /** JSON path of the name, from the workload or pod. */
  readonly path: string;
  /** The container that needs it; absent for volumes and pull secrets. */
  readonly container?: string;
}

/** Every ConfigMap and Secret that a workload's template (or a pod) names, pull secrets left out. */
export function configReferences(object: KubeObject): readonly ConfigReference[] {
  const spec = templateOf(object)?.spec;
  return spec ? [...ofContainers(spec, podSpecPath(object.kind)), ...ofVolumes(spec, podSpecPath(object.kind))] : [];
}

function* ofContainers(spec: PodSpec, root: string): Generator<ConfigReference> {
  for (const list of ['initContainers', 'containers'] as const)
    for (const c of spec[list] ?? []) {
      const at = `${root}.${list}[?(@.name=="${c.name}")]`;
      for (const [i, from] of (c.envFrom ?? []).entries())
        for (const [source, kind] of [
          ['configMapRef', 'ConfigMap'],
          ['secretRef', 'Secret'],
        ] as const) {
          const r = from[source];
          if (r?.name !== undefined)
            yield {
              kind,
              name: r.name,
              optional: r.optional === true,
              path: `${at}.envFrom[${i}].${source}.name`,
              container: c.name,
            };
        }
      for (const [i, env] of (c.env ?? []).entries())
        for (const [source, kind] of [
          ['configMapKeyRef', 'ConfigMap'],
          ['secretKeyRef', 'Secret'],
        ] as const) {
          const r = env.valueFrom?.[source];
          if (r?.name !== undefined)
            yield {
              kind,
              name: r.name,
              key: r.key,
              optional: r.optional === true,
              path: `${at}.env[${i}].valueFrom.${source}.name`,
              container: c.name,
            };
        }
    }
}

function* ofVolumes(spec: PodSpec, root: string): Generator<ConfigReference> {
  for (const v of spec.volumes ?? []) {
    const at = `${root}.volumes[?(@.name=="${v.name}")]`;
    if (v.configMap?.name !== undefined)
      yield* keysOf('ConfigMap', v.configMap.name, v.configMap, `${at}.configMap.name`);
    if (v.secret?.secretName !== undefined)
      yield* keysOf('Secret', v.secret.secretName, v.secret, `${at}.secret.secretName`);
    for (const [i, source] of (v.projected?.sources ?? []).entries()) {
      if (source.configMap?.name !== undefined)
        yield* keysOf(
          'ConfigMap',
          source.configMap.name,
          source.configMap,
          `${at}.projected.sources[${i}].configMap.name`,
        );
      if (source.secret?.name !== undefined)
        yield* keysOf('Secret', source.secret.name, source.secret, `${at}.projected.sources[${i}].secret.name`);
    }
  }
}

function* keysOf(
  kind: ConfigReference['kind'],
  name: string,
  source: { readonly optional?: boolean; readonly items?: readonly { readonly key: string }[] },
  path: string,
): Generator<ConfigReference> {
  const base = { kind, name, optional: source.optional === true, path };
  if (!source.items || source.items.length === 0) yield base;
  else for (const item of source.items) yield { ...base, key: item.key };
}
