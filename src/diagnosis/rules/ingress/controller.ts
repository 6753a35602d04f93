import {
  ageOf,
  count,
  formatDuration,
  isReady,
  listed,
  matchesLabels,
  oneLine,
  refOf,
  templateOf,
  type DaemonSet,
  type Deployment,
  type Ingress,
  type IngressClass,
  type Service,
} from '../../../domain/index.ts';
import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import { grace } from '../../settings.ts';
import { event, field, inNamespace } from '../../evidence.ts';
import type { Rule, RuleContext } from '../../rule.ts';
import { isStarting } from '../service/starting.ts';
import { classOf, hasAddress } from './paths.ts';

/** Controllers that run inside the cluster: `spec.controller` of their class and the images of their pods. */
const CONTROLLERS: readonly (readonly [controller: RegExp, image: RegExp])[] = [
  [/^k8s\.io\/ingress-nginx/, /ingress-nginx\/controller|nginx-ingress-controller/],
  [/^nginx\.org\/ingress-controller/, /nginx-ingress|nginx-plus-ingress/],
  [/^traefik\.io\/ingress-controller/, /(^|\/)traefik[:@]/],
  [/^haproxy(-ingress)?\.(org|github\.io)/, /haproxy(tech)?\/(kubernetes|haproxy)-ingress|haproxy-ingress/],
  [/^(konghq\.com|ingress-controllers\.konghq\.com)\//, /kong\/kubernetes-ingress-controller/],
  [/^projectcontour\.io\//, /projectcontour\/contour/],
  [/^ingress\.k8s\.aws\/alb/, /aws-load-balancer-controller|aws-alb-ingress-controller/],
];

type Controller = Deployment | DaemonSet;

const knownImage = (ingressClass: IngressClass): RegExp | undefined =>
  CONTROLLERS.find(([name]) => name.test(ingressClass.spec?.controller ?? ''))?.[1];

function controllersOf(view: ClusterView, image: RegExp): readonly Controller[] {
  return [...view.all('Deployment'), ...view.all('DaemonSet')].filter((w) =>
    (templateOf(w)?.spec?.containers ?? []).some((c) => image.test(c.image ?? '')),
  );
}

/** Ingresses by the class that takes them; the default class takes those that name none. */
function ingressesOf(view: ClusterView, ingressClass: IngressClass): readonly Ingress[] {
  const isDefault = ingressClass.metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true';
  return view.all('Ingress').filter((i) => {
    const asked = classOf(i)?.name;
    return asked === ingressClass.metadata.name || (asked === undefined && isDefault);
  });
}

function hasNoReadyPod({ view, settings, now }: RuleContext, controller: Controller): boolean {
  const pods = view.podsOf(refOf(controller));
  if (!view.isComplete('Pod', controller.metadata.namespace) || pods.some(isReady)) return false;
  return pods.length === 0
    ? ageOf(controller, now) > grace.creating
    : !pods.every((pod) => isStarting(pod, { view, settings, now }));
}

export const controllerDown: Rule = {
  id: 'ingress/controller-down',
  severity: 'critical',
  confidence: 'likely',
  needs: ['Ingress', 'IngressClass', 'Deployment', 'DaemonSet', 'Pod'],
  *check(context) {
    const { view } = context;
    for (const ingressClass of view.all('IngressClass')) {
      const image = knownImage(ingressClass);
      const ingresses = image ? ingressesOf(view, ingressClass) : [];
      if (!image || ingresses.length === 0) continue;
      const controllers = controllersOf(view, image);
      const isGone =
        controllers.length === 0 &&
        view.isComplete('Deployment') &&
        view.isComplete('DaemonSet') &&
        !view.all('Pod').some((pod) => (pod.spec?.containers ?? []).some((c) => image.test(c.image ?? ''))) &&
        ingresses.every((i) => !hasAddress(i) && ageOf(i, context.now) > grace.address);
      const isDown = controllers.length > 0 && controllers.every((c) => hasNoReadyPod(context, c));
      if (!isGone && !isDown) continue;
      const name = ingressClass.metadata.name ?? '';
      const names = listed(controllers.map((c) => c.metadata.name ?? ''));
      const [first] = controllers;
      yield {
        subject: refOf(ingressClass),
        causeKey: '',
        title: oneLine(
          `Ingress controller of class ${name} has no Ready pod: ${count(ingresses.length, 'Ingress', 'Ingresses')} affected`,
          90,
        ),
        cause: isDown
          ? `Most likely requests to the Ingresses of class ${name} fail, because ${names} runs its controller and has no Ready pod.`
          : `Most likely nothing serves the Ingresses of class ${name}, because no workload of ${ingressClass.spec?.controller ?? ''} is in the cluster and none of them has an address.`,
        affects: ingresses.map(refOf),
        causedBy: controllers.flatMap((c) => [refOf(c), ...view.podsOf(refOf(c)).map(refOf)]),
        evidence: [
          field(ingressClass, '.spec.controller'),
          ...controllers.map((c) =>
            field(
              c,
              c.kind === 'DaemonSet' ? '.status.numberReady' : '.status.conditions[?(@.type=="Available")].status',
            ),
          ),
          ...ingresses.slice(0, 2).map((i) => field(i, '.status.loadBalancer')),
        ],
        remediation: [
          first
            ? {
                text: `See why the pods of ${names} are not Ready`,
                command: `kubectl describe ${first.kind.toLowerCase()} ${first.metadata.name ?? ''}${inNamespace(first.metadata.namespace)}`,
              }
            : {
                text: `Install the controller of class ${name}, or use a class that has one`,
                command: 'kubectl get ingressclass',
              },
        ],
      };
    }
  },
};

export const noAddress: Rule = {
  id: 'ingress/no-address',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Ingress', 'IngressClass', 'Service'],
  *check({ view, now }) {
    for (const ingressClass of view.all('IngressClass')) {
      const ingresses = ingressesOf(view, ingressClass);
      const without = ingresses.filter((i) => !hasAddress(i) && ageOf(i, now) > grace.address);
      if (without.length === 0) continue;
      const image = knownImage(ingressClass);
      const controllers = image ? controllersOf(view, image) : [];
      const pending = controllers.flatMap((c) => servicesWithoutAddress(view, c));
      const served = ingresses.find(hasAddress);
      // When none of the class has an address and the controller waits for none, it publishes none.
      if (!served && pending.length === 0) continue;
      const className = ingressClass.metadata.name ?? '';
      for (const ingress of without) {
        const { name = '', namespace, creationTimestamp } = ingress.metadata;
        const [waiting] = served ? [] : pending;
        yield {
          subject: refOf(ingress),
          causeKey: className,
          title: oneLine(`Ingress ${name} has had no address for ${formatDuration(ageOf(ingress, now))}`, 90),
          cause: waiting
            ? `The controller of class ${className} publishes the address of Service ${waiting.metadata.name ?? ''}, which has none.`
            : `The controller of class ${className} has given addresses to other Ingresses and not to this one: it has not accepted it.`,
          ...(creationTimestamp !== undefined && { since: creationTimestamp }),
          causedBy: [refOf(ingressClass), ...pending.map(refOf)],
          evidence: [
            field(ingress, '.status.loadBalancer'),
            field(ingressClass, '.spec.controller'),
            ...(waiting ? [field(waiting, '.status.loadBalancer')] : []),
            ...(served && !waiting ? [field(served, '.status.loadBalancer.ingress[0]')] : []),
          ],
          remediation: [
            {
              text: 'See what the controller reported about it, then its log',
              command: `kubectl describe ingress ${name}${inNamespace(namespace)}`,
            },
          ],
        };
      }
    }
  },
};

/** LoadBalancer Services of a controller that wait for their own address. */
function servicesWithoutAddress(view: ClusterView, controller: Controller): readonly Service[] {
  return view
    .inNamespace('Service', controller.metadata.namespace)
    .filter(
      (s) =>
        s.spec?.type === 'LoadBalancer' &&
        (s.status?.loadBalancer?.ingress ?? []).length === 0 &&
        matchesLabels(s.spec.selector, templateOf(controller)?.metadata?.labels),
    );
}

export const controllerRejected: Rule = {
  id: 'ingress/controller-rejected',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Ingress', 'Event'],
  *check({ view }) {
    for (const ingress of view.all('Ingress')) {
      const events = view.events(ingress);
      const last = events.findLast((e) => e.type === 'Warning');
      if (!last) continue;
      const at = eventTime(last) ?? 0;
      const source = last.source?.component ?? last.reportingComponent;
      const isOvercome = events.some(
        (e) =>
          e.type === 'Normal' &&
          (e.source?.component ?? e.reportingComponent) === source &&
          (eventTime(e) ?? 0) > at &&
          !/scheduled for sync/i.test(e.message ?? ''),
      );
      if (isOvercome) continue;
      const { name = '', namespace } = ingress.metadata;
      const message = oneLine(last.message ?? last.reason ?? '');
      yield {
        subject: refOf(ingress),
        causeKey: `${last.reason ?? ''} ${message.replace(/\d+/g, '#')}`,
        title: oneLine(`Ingress controller refuses ${name}: ${message}`, 90),
        cause: `${source === undefined || source === '' ? 'The controller' : source} reports ${message}, so what the Ingress says is not, or not wholly, in effect.`,
        since: new Date(at).toISOString(),
        evidence: [event(last)],
        remediation: [
          {
            text: 'Correct the annotation or rule that the message names',
            command: `kubectl edit ingress ${name}${inNamespace(namespace)}`,
          },
        ],
      };
    }
  },
};
