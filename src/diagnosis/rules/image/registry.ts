import { field } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { builtLocally, nodeOf, pullRule, sentences, setImage, wayBack } from './drafts.ts';
import { nearestHost, runningFrom } from './known-images.ts';
import type { Pull } from './pulls.ts';
import { parseImage } from './reference.ts';

/** Registries answer at hosts of their own, e.g. docker.io at registry-1.docker.io. */
function hostLookedUp({ text, image }: Pull): string {
  return /lookup ([\w.-]+)/.exec(text)?.[1] ?? parseImage(image).host;
}

/** The resolver of the node does not know the registry. */
export const registryDns: Rule = pullRule('image/registry-dns', (pull, workload, context) => {
  const host = hostLookedUp(pull);
  const back = wayBack(context, pull, workload);
  const near = nearestHost(context.view, parseImage(pull.image).host);
  const sibling = runningFrom(context.view, parseImage(pull.image).host);
  return {
    title: `Registry name ${host} cannot be resolved (image of ${workload.name})`,
    cause: sentences(
      `The resolver of the node finds no address for ${host}: the host is misspelt, or the DNS of the nodes does not know it. Cluster DNS has no part in a pull.`,
      back.words,
      near ? `The nearest host from which something runs is ${parseImage(near.image).host}.` : '',
      sibling ? `${sibling.pod.metadata.name ?? ''} runs an image of the same host.` : '',
    ),
    causeKey: host,
    evidence: [
      ...nodeOf(pull.pod),
      ...back.evidence,
      ...[near, sibling].flatMap((known) => (known ? [field(known.pod, known.path)] : [])),
    ],
    remediation: [
      setImage(workload, pull.container.name, back.earlier?.image ?? '<image with the right host>'),
      { text: `If the host is right, let the DNS of the nodes resolve ${host}` },
      builtLocally,
    ],
    ...back.fix,
  };
});

/** Nothing answers, or only an error. */
export const registryUnreachable: Rule = pullRule('image/registry-unreachable', (pull, workload, { view }) => {
  const { host } = parseImage(pull.image);
  const detail = pull.text.split(': ').at(-1) ?? '';
  const sibling = runningFrom(view, host);
  return {
    title: `Registry ${host} does not answer the node of ${workload.name}: ${detail}`,
    cause: sentences(
      `The way from the node to ${host} is closed (network, firewall, proxy of the runtime), or the registry itself fails: ${detail}.`,
      sibling ? `${sibling.pod.metadata.name ?? ''} runs an image of the same registry.` : '',
    ),
    causeKey: `${host} ${detail.replace(/\d+/g, '')}`,
    evidence: [...nodeOf(pull.pod), ...(sibling ? [field(sibling.pod, sibling.path)] : [])],
    remediation: [
      { text: `Test ${host} from the network of the node; check the proxy of the runtime and the firewall` },
      builtLocally,
    ],
  };
});

/** The certificate of the registry is not one that the node accepts. */
export const registryTls: Rule = pullRule('image/registry-tls', (pull, workload) => {
  const { host } = parseImage(pull.image);
  const detail = (
    /(?:x509|tls): .*|server gave HTTP response to HTTPS client|certificate .*/.exec(pull.text)?.[0] ?? ''
  )
    .replace(/^(x509|tls): /, '')
    .split(': ')[0];
  return {
    title: `Registry ${host} of ${workload.name} is not trusted: ${detail ?? ''}`,
    cause: /HTTP response/.test(detail ?? '')
      ? `${host} speaks plain HTTP while the container runtime expects HTTPS.`
      : `The container runtime refuses the certificate of ${host}: it is private, expired or made out to another name.`,
    causeKey: host,
    evidence: nodeOf(pull.pod),
    remediation: [
      {
        text: `Install the CA of ${host} in the container runtime of the nodes, renew the certificate, or declare the registry as plain HTTP in the host configuration of the runtime`,
      },
    ],
  };
});
