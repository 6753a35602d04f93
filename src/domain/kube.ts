/**
 * Kubernetes objects as the API server writes them in JSON: dates are strings, nothing is a class.
 * The shapes are the official client's, so that every field has its documented name.
 */
import type * as k8s from '@kubernetes/client-node';

/** The client's models hold Date objects and rename JSON keys that are reserved words (`_from`); the wire does not. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer E)[]
    ? readonly Json<E>[]
    : T extends object
      ? { readonly [K in keyof T as K extends `_${infer Name}` ? Name : K]: Json<T[K]> }
      : T;

export type ObjectMeta = Json<k8s.V1ObjectMeta>;
export type OwnerReference = Json<k8s.V1OwnerReference>;
export type LabelSelector = Json<k8s.V1LabelSelector>;
export type Container = Json<k8s.V1Container>;
export type ContainerStatus = Json<k8s.V1ContainerStatus>;
export type ContainerTerminated = Json<k8s.V1ContainerStateTerminated>;
export type Probe = Json<k8s.V1Probe>;
export type PodSpec = Json<k8s.V1PodSpec>;
export type PodTemplate = Json<k8s.V1PodTemplateSpec>;
export type Toleration = Json<k8s.V1Toleration>;
export type Taint = Json<k8s.V1Taint>;
export type Volume = Json<k8s.V1Volume>;

/** What every condition has, whatever the kind. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly lastUpdateTime?: string;
  readonly observedGeneration?: number;
}

/** Any object: enough to name it. `metadata` is always there; the readers see to it. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

type Of<K extends string, T> = Omit<Json<T>, 'kind' | 'metadata'> & KubeObject & { readonly kind: K };

export type Pod = Of<'Pod', k8s.V1Pod>;
export type Node = Of<'Node', k8s.V1Node>;
export type Namespace = Of<'Namespace', k8s.V1Namespace>;
export type Service = Of<'Service', k8s.V1Service>;
export type EndpointSlice = Of<'EndpointSlice', k8s.V1EndpointSlice>;
/** core/v1 Event; `eventTime` is set by newer reporters, `lastTimestamp` by older ones. */
export type KubeEvent = Of<'Event', k8s.CoreV1Event>;
/** Key names and sizes only: the readers drop the values. */
export type ConfigMap = Of<'ConfigMap', k8s.V1ConfigMap>;
/** Metadata only, always. */
export type Secret = KubeObject & { readonly kind: 'Secret' };
export type ServiceAccount = Of<'ServiceAccount', k8s.V1ServiceAccount>;
export type PersistentVolume = Of<'PersistentVolume', k8s.V1PersistentVolume>;
export type PersistentVolumeClaim = Of<'PersistentVolumeClaim', k8s.V1PersistentVolumeClaim>;
export type ResourceQuota = Of<'ResourceQuota', k8s.V1ResourceQuota>;
export type LimitRange = Of<'LimitRange', k8s.V1LimitRange>;
export type Deployment = Of<'Deployment', k8s.V1Deployment>;
export type ReplicaSet = Of<'ReplicaSet', k8s.V1ReplicaSet>;
export type StatefulSet = Of<'StatefulSet', k8s.V1StatefulSet>;
export type DaemonSet = Of<'DaemonSet', k8s.V1DaemonSet>;
export type Job = Of<'Job', k8s.V1Job>;
export type CronJob = Of<'CronJob', k8s.V1CronJob>;
export type HorizontalPodAutoscaler = Of<'HorizontalPodAutoscaler', k8s.V2HorizontalPodAutoscaler>;
export type PodDisruptionBudget = Of<'PodDisruptionBudget', k8s.V1PodDisruptionBudget>;
export type Ingress = Of<'Ingress', k8s.V1Ingress>;
export type IngressClass = Of<'IngressClass', k8s.V1IngressClass>;
export type NetworkPolicy = Of<'NetworkPolicy', k8s.V1NetworkPolicy>;
export type StorageClass = Of<'StorageClass', k8s.V1StorageClass>;
export type VolumeAttachment = Of<'VolumeAttachment', k8s.V1VolumeAttachment>;
export type CSINode = Of<'CSINode', k8s.V1CSINode>;
export type CSIDriver = Of<'CSIDriver', k8s.V1CSIDriver>;
export type PriorityClass = Of<'PriorityClass', k8s.V1PriorityClass>;
export type RuntimeClass = Of<'RuntimeClass', k8s.V1RuntimeClass>;
export type Lease = Of<'Lease', k8s.V1Lease>;
export type ValidatingWebhookConfiguration = Of<'ValidatingWebhookConfiguration', k8s.V1ValidatingWebhookConfiguration>;
export type MutatingWebhookConfiguration = Of<'MutatingWebhookConfiguration', k8s.V1MutatingWebhookConfiguration>;
export type APIService = Of<'APIService', k8s.V1APIService>;
export type CustomResourceDefinition = Of<'CustomResourceDefinition', k8s.V1CustomResourceDefinition>;
export type Role = Of<'Role', k8s.V1Role>;
export type RoleBinding = Of<'RoleBinding', k8s.V1RoleBinding>;
export type ClusterRole = Of<'ClusterRole', k8s.V1ClusterRole>;
export type ClusterRoleBinding = Of<'ClusterRoleBinding', k8s.V1ClusterRoleBinding>;
/** metrics.k8s.io: one reading, never a trend. */
export interface PodMetrics extends KubeObject {
  readonly kind: 'PodMetrics';
  readonly timestamp?: string;
  readonly containers?: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
}
export interface NodeMetrics extends KubeObject {
  readonly kind: 'NodeMetrics';
  readonly timestamp?: string;
  readonly usage?: Readonly<Record<string, string>>;
}

/** Every kind that `aiops` reads, by its name. */
export interface KindMap {
  Pod: Pod;
  Node: Node;
  Namespace: Namespace;
  Service: Service;
  EndpointSlice: EndpointSlice;
  Event: KubeEvent;
  ConfigMap: ConfigMap;
  Secret: Secret;
  ServiceAccount: ServiceAccount;
  PersistentVolume: PersistentVolume;
  PersistentVolumeClaim: PersistentVolumeClaim;
  ResourceQuota: ResourceQuota;
  LimitRange: LimitRange;
  Deployment: Deployment;
  ReplicaSet: ReplicaSet;
  StatefulSet: StatefulSet;
  DaemonSet: DaemonSet;
  Job: Job;
  CronJob: CronJob;
  HorizontalPodAutoscaler: HorizontalPodAutoscaler;
  PodDisruptionBudget: PodDisruptionBudget;
  Ingress: Ingress;
  IngressClass: IngressClass;
  NetworkPolicy: NetworkPolicy;
  StorageClass: StorageClass;
  VolumeAttachment: VolumeAttachment;
  CSINode: CSINode;
  CSIDriver: CSIDriver;
  PriorityClass: PriorityClass;
  RuntimeClass: RuntimeClass;
  Lease: Lease;
  ValidatingWebhookConfiguration: ValidatingWebhookConfiguration;
  MutatingWebhookConfiguration: MutatingWebhookConfiguration;
  APIService: APIService;
  CustomResourceDefinition: CustomResourceDefinition;
  Role: Role;
  RoleBinding: RoleBinding;
  ClusterRole: ClusterRole;
  ClusterRoleBinding: ClusterRoleBinding;
  PodMetrics: PodMetrics;
  NodeMetrics: NodeMetrics;
}
export type Kind = keyof KindMap;
