import { describe, expect, it } from 'vitest';
import { classMissing, classUnset } from '../../../../src/diagnosis/rules/ingress/class.ts';
import { check, object, type Fields } from '../../../support/fixtures.ts';

const ingress = (fields: Fields = {}) => object('Ingress', 'blog', { 'status.loadBalancer': {}, ...fields });
const nginx = (fields: Fields = {}) =>
  object('IngressClass', 'nginx', { 'spec.controller': 'k8s.io/ingress-nginx', ...fields });

describe('ingress/class-missing', () => {
  it('names the classes that exist and offers the nearest', () => {
    const [finding] = check(classMissing, [ingress({ 'spec.ingressClassName': 'ngnix' }), nginx()]);
    expect(finding?.title).toBe('Ingress blog asks for class ngnix, which does not exist');
    expect(finding?.cause).toContain('Existing classes: nginx (default: none). The nearest name is nginx.');
    expect(finding?.fix).toMatchObject({ verb: 'set-ingress', path: '.spec.ingressClassName', value: 'nginx' });
  });

  it.each([
    ['the class exists', { 'spec.ingressClassName': 'nginx' }],
    [
      'a controller has given it an address',
      { 'status.loadBalancer': { ingress: [{ ip: '192.0.2.1' }] }, 'spec.ingressClassName': 'x' },
    ],
    ['it is seconds old', { 'metadata.creationTimestamp': 'now-20s', 'spec.ingressClassName': 'x' }],
    [
      'the annotation names a class of a provider',
      { 'spec.ingressClassName': undefined, 'metadata.annotations[kubernetes.io/ingress.class]': 'gce' },
    ],
  ])('is silent when %s', (_, fields) => {
    expect(check(classMissing, [ingress(fields), nginx()])).toEqual([]);
  });

  it('is only likely, and has no fix, for the annotation', () => {
    const old = ingress({
      'spec.ingressClassName': undefined,
      'metadata.annotations[kubernetes.io/ingress.class]': 'edge',
    });
    const [finding] = check(classMissing, [old, nginx()]);
    expect(finding?.confidence).toBe('likely');
    expect(finding?.fix).toBeUndefined();
  });

  it('is silent when classes could not be read', () => {
    expect(check(classMissing, [ingress({ 'spec.ingressClassName': 'x' })], { unread: ['IngressClass'] })).toEqual([]);
  });
});

describe('ingress/class-unset', () => {
  const unset = (fields: Fields = {}) => ingress({ 'spec.ingressClassName': undefined, ...fields });

  it('offers the only class', () => {
    const [finding] = check(classUnset, [unset(), nginx()]);
    expect(finding?.title).toBe('Ingress blog names no class and the cluster has no default class');
    expect(finding?.fix).toMatchObject({ value: 'nginx' });
  });

  it('is silent where a class is the default, and where some controller serves it', () => {
    const byDefault = nginx({ 'metadata.annotations[ingressclass.kubernetes.io/is-default-class]': 'true' });
    expect(check(classUnset, [unset(), byDefault])).toEqual([]);
    expect(check(classUnset, [unset({ 'status.loadBalancer': { ingress: [{ ip: '192.0.2.1' }] } }), nginx()])).toEqual(
      [],
    );
  });
});
