import { containersOf, oneLine, refOf, type ContainerView, type ObjectRef, type Pod } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field } from '../../evidence.ts';
import { livePods, type Rule } from '../../rule.ts';
import { builtLocally, containerFix, nodeOf, onset, sentences, setImage, target, TITLE, wayBack } from './drafts.ts';
import { parseImage, shortImage } from './reference.ts';

interface Waiting {
  readonly pod: Pod;
  readonly container: ContainerView;
  readonly image: string;
  readonly workload: ObjectRef;
}

function* waitingFor(view: ClusterView, reason: string): Generator<Waiting> {
  for (const pod of livePods(view))
    for (const container of containersOf(pod))
      if (container.status?.state?.waiting?.reason === reason)
        yield { pod, container, image: container.spec.image ?? '', workload: view.workload(pod) };
}

/** What a reference that cannot be parsed has too much of. */
function whatIsWrong(image: string): string {
  if (image === '') return 'it is empty';
  if (/[${}<>]/.test(image)) return 'a template variable was not filled in';
  if (/\s/.test(image)) return 'it holds a space';
  if (/[A-Z]/.test(parseImage(image).path)) return 'a repository name must be lower case';
  if (/^https?:\/\//.test(image)) return 'it begins with a URL scheme';
  if (/:$/.test(image)) return 'the tag is missing behind the colon';
  if (/:[^/]*:/.test(image.split('@')[0] ?? '')) return 'it has two tags';
  return 'its form is not host/path:tag@digest';
}

export const invalidName: Rule = {
  id: 'image/invalid-name',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check(context) {
    for (const { pod, container, image, workload } of waitingFor(context.view, 'InvalidImageName')) {
      const back = wayBack(context, { pod, container, image }, workload);
      const { message } = container.status?.state?.waiting ?? {};
      yield {
        subject: refOf(pod),
        container: container.name,
        causeKey: image,
        title: oneLine(`Image reference "${shortImage(image)}" of ${workload.name} is not valid`, TITLE),
        cause: sentences(`The runtime cannot parse "${image}": ${whatIsWrong(image)}.`, back.words),
        ...onset(pod),
        evidence: [
          field(pod, `${container.specPath}.image`),
          ...(message === undefined ? [] : [field(pod, `${container.statusPath}.state.waiting.message`)]),
          ...back.evidence,
        ],
        remediation: [setImage(workload, container.name, back.earlier?.image ?? '<valid reference>'), ...back.steps],
        ...back.fix,
      };
    }
  },
};

export const neverPull: Rule = {
  id: 'image/never-pull',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const { pod, container, image, workload } of waitingFor(view, 'ErrImageNeverPull')) {
      const { hasHost } = parseImage(image);
      yield {
        subject: refOf(pod),
        container: container.name,
        causeKey: image,
        title: oneLine(
          `Image ${shortImage(image)} of ${workload.name} is not on its node, imagePullPolicy is Never`,
          TITLE,
        ),
        cause: `imagePullPolicy: Never forbids the pull, and node ${pod.spec?.nodeName ?? ''} does not hold ${image}: it was loaded on another node only, or on none.`,
        ...onset(pod),
        evidence: [
          field(pod, `${container.specPath}.imagePullPolicy`),
          field(pod, `${container.specPath}.image`),
          ...nodeOf(pod),
        ],
        remediation: [
          builtLocally,
          {
            text: `Set imagePullPolicy: IfNotPresent in ${target(workload)} where a registry has the image, or load the image on every node`,
          },
        ],
        // Without a registry in its name the image may be in none, and a pull would only fail differently.
        ...(hasHost && containerFix(workload, container.specPath, 'imagePullPolicy', 'IfNotPresent')),
      };
    }
  },
};
