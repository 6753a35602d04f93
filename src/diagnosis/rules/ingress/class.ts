import { ageOf, listed, nearest, oneLine, ref, refOf, type IngressClass } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { grace } from '../../settings.ts';
import { absence, field, getCommand, inNamespace, shown } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { classOf, hasAddress } from './paths.ts';

const DEFAULT_CLASS = 'ingressclass.kubernetes.io/is-default-class';

/** Controllers that take the annotation without an IngressClass of that name. */
const ANNOTATION_CLASSES =
  /^(gce|gce-internal|alb|nginx|traefik|haproxy|kong|contour|istio|public|private|azure-application-gateway|azure\/application-gateway|addon-http-application-routing|openshift-default|cilium)$/;

function defaultClass(view: ClusterView): IngressClass | undefined {
  return view.all('IngressClass').find((c) => c.metadata.annotations?.[DEFAULT_CLASS] === 'true');
}

/** Names of all classes, with the default one marked. */
function classesText(view: ClusterView): string {
  const classes = view.all('IngressClass');
  if (classes.length === 0) return 'The cluster has no IngressClass';
  const byDefault = defaultClass(view)?.metadata.name;
  return `Existing classes: ${listed(classes.map((c) => c.metadata.name ?? ''))} (default: ${byDefault ?? 'none'})`;
}

export const classMissing: Rule = {
  id: 'ingress/class-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Ingress', 'IngressClass'],
  *check({ view, now }) {
    for (const ingress of view.all('Ingress')) {
      const asked = classOf(ingress);
      if (!asked || hasAddress(ingress) || ageOf(ingress, now) < grace.newObject) continue;
      if (view.find('IngressClass', undefined, asked.name).state !== 'absent') continue;
      const isAnnotation = asked.path !== '.spec.ingressClassName';
      if (isAnnotation && ANNOTATION_CLASSES.test(asked.name)) continue;
      const { name = '', namespace } = ingress.metadata;
      const classes = view.all('IngressClass');
      const near = nearest(
        asked.name,
        classes.map((c) => c.metadata.name ?? ''),
      );
      const meant = near ?? (classes.length === 1 ? classes[0]?.metadata.name : undefined);
      const patch = JSON.stringify({ spec: { ingressClassName: meant } });
      yield {
        subject: refOf(ingress),
        causeKey: asked.name,
        ...(isAnnotation && { confidence: 'likely' as const }),
        title: oneLine(`Ingress ${name} asks for class ${asked.name}, which does not exist`, 90),
        cause: `${isAnnotation ? `Most likely no controller takes this Ingress, because no IngressClass is named ${asked.name} and it has no address` : `No controller takes this Ingress, because there is no IngressClass ${asked.name}`}. ${classesText(view)}.${
          near === undefined ? '' : ` The nearest name is ${near}.`
        }`,
        causedBy: [ref('IngressClass', undefined, asked.name)],
        evidence: [
          field(ingress, asked.path),
          absence('IngressClass', undefined, asked.name),
          ...classes.slice(0, 3).map((c) => field(c, '.metadata.name')),
        ],
        remediation: [
          { text: 'See which classes exist', command: 'kubectl get ingressclass' },
          meant === undefined
            ? { text: `Install the controller of class ${asked.name}, or name a class that exists` }
            : {
                text: `Ask for class ${meant}`,
                command: `kubectl patch ingress ${name}${inNamespace(namespace)} -p '${patch}'`,
              },
        ],
        ...(meant !== undefined &&
          !isAnnotation && {
            fix: { verb: 'set-ingress', target: refOf(ingress), path: asked.path, value: meant } as const,
          }),
      };
    }
  },
};

export const classUnset: Rule = {
  id: 'ingress/class-unset',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Ingress', 'IngressClass'],
  *check({ view, now }) {
    if (!view.isComplete('IngressClass') || defaultClass(view)) return;
    const classes = view.all('IngressClass');
    const [only] = classes.length === 1 ? classes : [];
    for (const ingress of view.all('Ingress')) {
      if (classOf(ingress) || hasAddress(ingress) || ageOf(ingress, now) < grace.newObject) continue;
      const { name = '' } = ingress.metadata;
      yield {
        subject: refOf(ingress),
        causeKey: '',
        title: oneLine(`Ingress ${name} names no class and the cluster has no default class`, 90),
        cause: `Without spec.ingressClassName and without a default IngressClass every controller that goes by class leaves this Ingress alone, and it has no address. ${classesText(view)}.`,
        evidence: [
          shown(refOf(ingress), 'class and address', '<none>', getCommand(refOf(ingress))),
          ...classes.slice(0, 3).map((c) => field(c, '.metadata.name')),
        ],
        remediation: [
          { text: 'See which classes exist', command: 'kubectl get ingressclass' },
          {
            text:
              only === undefined
                ? 'Set spec.ingressClassName, or install an Ingress controller first'
                : `Set spec.ingressClassName to ${only.metadata.name ?? ''}`,
          },
        ],
        ...(only?.metadata.name !== undefined && {
          fix: {
            verb: 'set-ingress',
            target: refOf(ingress),
            path: '.spec.ingressClassName',
            value: only.metadata.name,
          } as const,
        }),
      };
    }
  },
};
