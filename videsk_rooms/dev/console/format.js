// Formats times, durations and numbers for the page's language.

import { language, t } from "./language.js";

const LOCALES = { en: "en-GB", es: "es-CL" };
const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const formats = new Map();

function format(Kind, name, options) {
  const key = `${language()} ${name}`;
  if (!formats.has(key)) formats.set(key, new Kind(LOCALES[language()], options));
  return formats.get(key);
}

export function number(value, digits = 0) {
  const options = { maximumFractionDigits: digits };
  return format(Intl.NumberFormat, `number ${digits}`, options).format(value);
}

export function percent(share, digits = 0) {
  const options = { style: "percent", maximumFractionDigits: digits };
  return format(Intl.NumberFormat, `percent ${digits}`, options).format(share);
}

/** The time of day, to the second. */
export function timeOfDay(instant) {
  return format(Intl.DateTimeFormat, "time", TIME).format(instant);
}

/** The time of day, to the millisecond. */
export function exactTime(instant) {
  const options = { ...TIME, fractionalSecondDigits: 3 };
  return format(Intl.DateTimeFormat, "exact", options).format(instant);
}

/** Day and minute; without the day if it is today. */
export function dayAndTime(instant, now) {
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const isToday = new Date(instant).toDateString() === new Date(now).toDateString();
  if (isToday) return format(Intl.DateTimeFormat, "minute", time).format(instant);
  const options = { day: "numeric", month: "short", ...time };
  return format(Intl.DateTimeFormat, "day", options).format(instant);
}

/** The full date. */
export function fullDay(instant) {
  const options = { day: "numeric", month: "long", year: "numeric" };
  return format(Intl.DateTimeFormat, "full day", options).format(instant);
}

/** A duration. */
export function duration(ms) {
  if (ms < 0.1) return `< ${number(0.1, 1)} ms`;
  if (ms < 1) return `${number(ms, 1)} ms`;
  if (ms < 1000) return `${number(Math.round(ms))} ms`;
  if (ms < 60_000) return `${number(ms / 1000, ms < 10_000 ? 2 : 1)} s`;
  return countdown(ms);
}

/** The remaining time, such as `2 h 04 min` or `1 min 09 s`. */
export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const [minutes, rest] = [Math.floor(seconds / 60) % 60, seconds % 60];
  if (days) return `${days} d ${hours} h`;
  if (hours) return `${hours} h ${pad(minutes)} min`;
  return minutes ? `${minutes} min ${pad(rest)} s` : `${rest} s`;
}

/** A duration in its largest unit, such as `5 min`. */
export function roundLength(seconds) {
  const [unit, length] = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
  ].find(([, each]) => seconds >= each);
  return `${number(seconds / length)} ${unit}`;
}

/** The clock's offset, such as `+1 h 05 min`. */
export function offset(seconds) {
  return `${seconds < 0 ? "−" : "+"}${countdown(Math.abs(Math.round(seconds)) * 1000)}`;
}

/** The value of a datetime-local field, in this machine's time zone. */
export function localField(instant) {
  const date = new Date(instant);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day}T${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
}

/** The singular or plural text, with the number in it. */
export function count(key, value) {
  return t(value === 1 ? `${key}_one` : `${key}_many`, { n: number(value) });
}

function pad(value) {
  return String(value).padStart(2, "0");
}
