import type { Static, TObject } from 'typebox';
import * as common from './schemas/common.ts';
import * as compare from './schemas/compare.ts';
import * as doctor from './schemas/doctor.ts';
import * as downloads from './schemas/downloads.ts';
import * as graph from './schemas/graph.ts';
import * as inclusion from './schemas/inclusion.ts';
import * as module from './schemas/module.ts';
import * as search from './schemas/search.ts';
import * as security from './schemas/security.ts';
import * as status from './schemas/status.ts';
import * as watch from './schemas/watch.ts';

/**
 * The JSON API as one table: routes, validators, clients and the OpenAPI document are made from it. A GET or DELETE has its
 * request as the query, so that module paths stand as they are: `/api/v1/module?module=golang.org/x/text`.
 */
export interface Endpoint {
  method: 'GET' | 'POST' | 'DELETE';
  /** Below `base`. */
  path: string;
  request: TObject;
  answer: TObject;
  /** One sentence for the document. */
  about: string;
  /** Seconds that an answer may be kept by us and by caches; 0 is not at all. */
  fresh: number;
}

export const base = '/api/v1';

const nothing = common.request({});

export const endpoints = {
  search: {
    method: 'GET',
    path: '/search',
    request: search.SearchRequest,
    answer: search.SearchAnswer,
    about: 'Modules by words, ranked by text and by use; misspellings are forgiven.',
    fresh: 30,
  },
  suggest: {
    method: 'GET',
    path: '/suggest',
    request: search.SuggestRequest,
    answer: search.SuggestAnswer,
    about: 'Modules that begin as what is being typed.',
    fresh: 60,
  },
  module: {
    method: 'GET',
    path: '/module',
    request: common.ModuleRequest,
    answer: module.Module,
    about: 'A module: its newest version, licence, use, and its other major versions.',
    fresh: 5,
  },
  versions: {
    method: 'GET',
    path: '/versions',
    request: module.VersionsRequest,
    answer: module.VersionsAnswer,
    about: 'The versions of a module, newest first, with status, retractions and downloads.',
    fresh: 5,
  },
  version: {
    method: 'GET',
    path: '/version',
    request: common.AnyVersionRequest,
    answer: module.VersionDetails,
    about: 'A version: checks passed and provenance, or the reasons of its rejection.',
    fresh: 5,
  },
  readme: {
    method: 'GET',
    path: '/readme',
    request: common.AnyVersionRequest,
    answer: module.ReadmeAnswer,
    about: 'The README of a version, as it is.',
    fresh: 60,
  },
  packages: {
    method: 'GET',
    path: '/packages',
    request: common.AnyVersionRequest,
    answer: module.PackagesAnswer,
    about: 'The packages of a version and their synopses.',
    fresh: 60,
  },
  goMod: {
    method: 'GET',
    path: '/go-mod',
    request: common.AnyVersionRequest,
    answer: module.GoModAnswer,
    about: 'The go.mod of a version.',
    fresh: 60,
  },
  requirements: {
    method: 'GET',
    path: '/requirements',
    request: graph.RequirementsRequest,
    answer: graph.RequirementsAnswer,
    about: 'What a version requires, as a tree of bounded depth and size.',
    fresh: 60,
  },
  usedBy: {
    method: 'GET',
    path: '/used-by',
    request: graph.UsedByRequest,
    answer: graph.UsedByAnswer,
    about: 'The modules that require a module, and which version of it.',
    fresh: 60,
  },
  compare: {
    method: 'GET',
    path: '/compare',
    request: compare.CompareRequest,
    answer: compare.CompareAnswer,
    about: 'What differs between two versions: requirements, licences, packages, files, exported API where known.',
    fresh: 300,
  },
  vulnerabilities: {
    method: 'GET',
    path: '/vulnerabilities',
    request: common.AnyVersionRequest,
    answer: security.VulnerabilitiesAnswer,
    about: 'Known vulnerabilities of a version, or of any version of a module that is here.',
    fresh: 60,
  },
  downloads: {
    method: 'GET',
    path: '/downloads',
    request: downloads.DownloadsRequest,
    answer: downloads.DownloadsAnswer,
    about: 'Downloads by day and by version, raw and without mirrors and CI.',
    fresh: 60,
  },
  log: {
    method: 'GET',
    path: '/log',
    request: module.LogRequest,
    answer: module.LogAnswer,
    about: 'The processing log of a version.',
    fresh: 5,
  },
  top: {
    method: 'GET',
    path: '/top',
    request: downloads.TopRequest,
    answer: downloads.TopAnswer,
    about: 'The modules that were downloaded most.',
    fresh: 60,
  },
  trending: {
    method: 'GET',
    path: '/trending',
    request: downloads.TopRequest,
    answer: downloads.TrendingAnswer,
    about: 'The modules whose downloads grow fastest.',
    fresh: 60,
  },
  newest: {
    method: 'GET',
    path: '/newest',
    request: common.request({ cursor: common.Cursor, limit: common.limit(100, 20) }),
    answer: status.NewestAnswer,
    about: 'The versions published last.',
    fresh: 5,
  },
  numbers: {
    method: 'GET',
    path: '/numbers',
    request: nothing,
    answer: status.NumbersAnswer,
    about: 'How much is here; null where there are private modules and no token is given.',
    fresh: 30,
  },
  status: {
    method: 'GET',
    path: '/status',
    request: nothing,
    answer: status.StatusAnswer,
    about: 'How the service does: what it stands on, queues, origins, objectives, incidents.',
    fresh: 5,
  },
  doctor: {
    method: 'POST',
    path: '/doctor',
    request: doctor.DoctorRequest,
    answer: doctor.DoctorAnswer,
    about:
      'What is wrong with the lines of a go.mod or go.sum, and what to write instead. Newer versions are those kept ' +
      'here: what an origin has beyond them is known once discovery has looked (`TAGS_PERIOD`) or somebody has asked.',
    fresh: 0,
  },
  include: {
    method: 'POST',
    path: '/inclusions',
    request: inclusion.IncludeRequest,
    answer: inclusion.Inclusion,
    about: 'Asks for a version to be fetched, checked and published.',
    fresh: 0,
  },
  inclusion: {
    method: 'GET',
    path: '/inclusion',
    request: inclusion.InclusionRequest,
    answer: inclusion.Inclusion,
    about: 'How far an inclusion has got; `/api/v1/inclusion/events` tells it live, as server-sent events.',
    fresh: 0,
  },
  inclusions: {
    method: 'GET',
    path: '/inclusions',
    request: common.request({ limit: common.limit(100, 20) }),
    answer: inclusion.InclusionsAnswer,
    about: 'What was asked for lately.',
    fresh: 2,
  },
  watch: {
    method: 'POST',
    path: '/watches',
    request: watch.WatchRequest,
    answer: watch.WatchCreated,
    about: 'Has a webhook or a Slack channel told of what happens to a module, or to all that a search finds.',
    fresh: 0,
  },
  watched: {
    method: 'GET',
    path: '/watch',
    request: watch.WatchIdRequest,
    answer: watch.Watch,
    about: 'A watch and its last deliveries.',
    fresh: 0,
  },
  unwatch: {
    method: 'DELETE',
    path: '/watch',
    request: watch.WatchIdRequest,
    answer: watch.WatchEnded,
    about: 'Ends a watch.',
    fresh: 0,
  },
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof endpoints;
export type Request<N extends EndpointName> = Static<(typeof endpoints)[N]['request']>;
export type Answer<N extends EndpointName> = Static<(typeof endpoints)[N]['answer']>;
export const endpointNames = Object.keys(endpoints) as EndpointName[];
