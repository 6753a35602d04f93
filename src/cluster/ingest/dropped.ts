/**
 * Fields that no rule reads, by the shape that holds them. They are most of what a large cluster sends: leaving them
 * out is what keeps ten thousand pods in little memory.
 */
export const dropped: Readonly<Record<string, readonly string[]>> = {
  V1ObjectMeta: ['selfLink'],
  V1ManagedFieldsEntry: ['apiVersion', 'fieldsType', 'fieldsV1'],
  V1Container: ['terminationMessagePath', 'terminationMessagePolicy', 'stdin', 'stdinOnce', 'tty'],
  V1PodSpec: ['ephemeralContainers'],
  V1PodStatus: ['hostIPs', 'resourceClaimStatuses'],
  V1ContainerStatus: ['containerID', 'volumeMounts', 'user', 'allocatedResourcesStatus'],
  V1ContainerStateTerminated: ['containerID'],
  V1NodeStatus: ['images', 'daemonEndpoints', 'features', 'runtimeHandlers', 'config'],
  V1CustomResourceDefinitionVersion: ['schema', 'additionalPrinterColumns', 'subresources', 'selectableFields'],
};
