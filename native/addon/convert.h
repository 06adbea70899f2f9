/* Between JavaScript's values and the library's. All throw JavaScript errors. */
#ifndef MUSE_CONVERT_H
#define MUSE_CONVERT_H

#include <cstdint>
#include <string>

#include <napi.h>

#include "muse_models.h"
#include "muse_region.h"
#include "muse_reports.h"
#include "muse_store.h"

namespace muse
{

/* Throws a RegionError of that code. */
[[noreturn]] void Fail(Napi::Env env, const char *code, const std::string &message);

/*
 * Throws a RegionError unless status is MUSE_OK: its code is the status's name, such as
 * MUSE_TOO_LARGE, and its message says that we could not do what `doing` says.
 */
void Check(Napi::Env env, muse_status status, const char *doing);

/* The largest number that a double holds together with all smaller ones. */
constexpr uint64_t kSafe = (UINT64_C(1) << 53) - 1;

/* An argument that must be an object. */
Napi::Object ToObject(const Napi::Value &value, const char *name);

/* A whole number 0 … max of an argument or a property; 32 bits wide for short. */
uint32_t ToUint32(const Napi::Value &value, const char *name);
uint64_t ToWhole(const Napi::Value &value, uint64_t max, const char *name);

/* 20 bytes. */
muse_key ToKey(const Napi::Value &value);

/* Bytes of a Buffer or Uint8Array, valid until JavaScript runs again, be it a getter. */
struct Bytes {
    const uint8_t *data;
    size_t length;
};
Bytes ToBytes(const Napi::Value &value, const char *name);

muse_model ToModel(const Napi::Value &value);
Napi::Object FromModel(Napi::Env env, const muse_model &model);

muse_report ToReport(const Napi::Value &value);

} // namespace muse

#endif
