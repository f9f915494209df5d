// An error in words for people: what happened, and what to do about it.

import { ApiError } from '../api/client';
import type { Messages } from '../i18n/en';
import type { Failure } from '../chat/chatState';

export function failureOf(error: unknown): Failure {
  if (error instanceof ApiError) return error;
  return { kind: 'refused', message: error instanceof Error ? error.message : String(error), code: '' };
}

export function describe(failure: Failure, text: Messages): { message: string; remedy: string } {
  switch (failure.kind) {
    case 'unreachable':
      return { message: text.errors.unreachable, remedy: '' };
    case 'interrupted':
      return { message: text.errors.interrupted, remedy: '' };
    case 'unauthorised':
      return { message: text.errors.unauthorised, remedy: '' };
    case 'refused':
      return { message: failure.message, remedy: text.errors.remedies[failure.code] ?? '' };
  }
}
