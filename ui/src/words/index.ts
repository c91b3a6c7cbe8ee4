/**
 * All texts that people read. One file per language, English first; every other language is an
 * object of the same type, so that a missing text is a compile error.
 */
import { en } from './en';

export type Words = typeof en;

export const words: Words = en;
