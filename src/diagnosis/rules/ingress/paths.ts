import type { Ingress } from '../../../domain/index.ts';

/** One place where an Ingress names a Service. */
export interface ServiceBackend {
  readonly ingress: Ingress;
  readonly service: string;
  readonly port: { readonly number?: number; readonly name?: string };
  /** `shop.example.com/cart`; `*` stands for any host. */
  readonly url: string;
  readonly host: string;
  readonly urlPath: string;
  readonly pathType: string;
  /** JSON path of `backend.service`. */
  readonly at: string;
}

/** Backends of an Ingress that are Services; other resources and actions that only a controller's annotations define are left out. */
export function* serviceBackends(ingress: Ingress): Generator<ServiceBackend> {
  const { defaultBackend, rules } = ingress.spec ?? {};
  const fallback = defaultBackend?.service;
  if (fallback)
    yield {
      ingress,
      service: fallback.name,
      port: fallback.port ?? {},
      url: 'the default backend',
      host: '',
      urlPath: '',
      pathType: '',
      at: '.spec.defaultBackend.service',
    };
  for (const [i, rule] of (rules ?? []).entries())
    for (const [j, path] of (rule.http?.paths ?? []).entries()) {
      const service = path.backend.service;
      if (!service || service.port?.name === 'use-annotation') continue;
      const host = rule.host ?? '*';
      yield {
        ingress,
        service: service.name,
        port: service.port ?? {},
        url: `${host}${path.path ?? '/'}`,
        host,
        urlPath: path.path ?? '/',
        pathType: path.pathType,
        at: `.spec.rules[${i}].http.paths[${j}].backend.service`,
      };
    }
}

/** The class that an Ingress asks for, in the field or in the annotation that preceded it. */
export function classOf(ingress: Ingress): { readonly name: string; readonly path: string } | undefined {
  const name = ingress.spec?.ingressClassName;
  if (name !== undefined && name !== '') return { name, path: '.spec.ingressClassName' };
  const old = ingress.metadata.annotations?.['kubernetes.io/ingress.class'];
  return old !== undefined && old !== ''
    ? { name: old, path: '.metadata.annotations.kubernetes\\.io/ingress\\.class' }
    : undefined;
}

export function hasAddress(ingress: Ingress): boolean {
  return (ingress.status?.loadBalancer?.ingress ?? []).length > 0;
}
