#include "convert.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <string>

#include "env_data.h"

namespace muse
{

namespace
{

const char *Name(muse_status status)
{
    switch (status) {
    case MUSE_OK:
        return "MUSE_OK";
    case MUSE_MISS:
        return "MUSE_MISS";
    case MUSE_TOO_LARGE:
        return "MUSE_TOO_LARGE";
    case MUSE_EINVAL:
        return "MUSE_EINVAL";
    case MUSE_EFORMAT:
        return "MUSE_EFORMAT";
    case MUSE_EVERSION:
        return "MUSE_EVERSION";
    case MUSE_ECORRUPT:
        return "MUSE_ECORRUPT";
    case MUSE_ENOMEM:
        return "MUSE_ENOMEM";
    case MUSE_ESYSTEM:
        return "MUSE_ESYSTEM";
    }
    return "MUSE_UNKNOWN";
}

} // namespace

void Fail(Napi::Env env, const char *code, const std::string &message)
{
    const Napi::FunctionReference &error_class = EnvData::Of(env).error_class;

    if (error_class.IsEmpty()) {
        throw Napi::Error::New(env, message);
    }
    throw Napi::Error(
        env, error_class.New({Napi::String::New(env, code), Napi::String::New(env, message)}));
}

void Check(Napi::Env env, muse_status status, const char *doing)
{
    const int error = errno;

    if (status == MUSE_OK) {
        return;
    }
    std::string message = std::string("could not ") + doing + ": " + muse_status_text(status);
    if (status == MUSE_ESYSTEM) {
        message += std::string(" (") + std::strerror(error) + ")";
    }
    Fail(env, Name(status), message);
}

Napi::Object ToObject(const Napi::Value &value, const char *name)
{
    if (!value.IsObject()) {
        throw Napi::TypeError::New(value.Env(), std::string(name) + " must be an object");
    }
    return value.As<Napi::Object>();
}

uint32_t ToUint32(const Napi::Value &value, const char *name)
{
    return static_cast<uint32_t>(ToWhole(value, UINT32_MAX, name));
}

uint64_t ToWhole(const Napi::Value &value, uint64_t max, const char *name)
{
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;

    if (!(number >= 0) || number > static_cast<double>(max) || std::floor(number) != number) {
        throw Napi::RangeError::New(value.Env(), std::string(name) +
                                                     " must be a whole number from 0 to " +
                                                     std::to_string(max));
    }
    return static_cast<uint64_t>(number);
}

Bytes ToBytes(const Napi::Value &value, const char *name)
{
    if (!value.IsTypedArray() ||
        value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
        throw Napi::TypeError::New(value.Env(),
                                   std::string(name) + " must be a Buffer or Uint8Array");
    }
    const Napi::Uint8Array array = value.As<Napi::Uint8Array>();
    return {array.Data(), array.ByteLength()};
}

muse_key ToKey(const Napi::Value &value)
{
    const Bytes bytes = ToBytes(value, "the key");
    muse_key key;

    if (bytes.length != sizeof key.bytes) {
        throw Napi::RangeError::New(value.Env(), "the key must have 20 bytes");
    }
    std::memcpy(key.bytes, bytes.data, sizeof key.bytes);
    return key;
}

muse_model ToModel(const Napi::Value &value)
{
    const Napi::Env env = value.Env();
    const Napi::Object object = ToObject(value, "a model");
    const Napi::Value name = object.Get("name");
    const Napi::Value ttl = object.Get("ttl");
    const Bytes digest = ToBytes(object.Get("digest"), "a model's digest");
    muse_model model = {};

    if (!name.IsString()) {
        throw Napi::TypeError::New(env, "a model's name must be a string");
    }
    const std::string text = name.As<Napi::String>().Utf8Value();

    if (text.empty() || text.size() > MUSE_MODEL_NAME_MAX || text.find('\0') != std::string::npos) {
        throw Napi::RangeError::New(env, "a model's name must have 1 to 127 bytes and no NUL");
    }
    if (digest.length != sizeof model.digest) {
        throw Napi::RangeError::New(env, "a model's digest must have 20 bytes");
    }
    std::memcpy(model.name, text.data(), text.size());
    std::memcpy(model.digest, digest.data, sizeof model.digest);
    model.ttl =
        ttl.IsUndefined() ? UINT32_MAX : static_cast<uint32_t>(ToWhole(ttl, UINT32_MAX - 1, "ttl"));
    return model;
}

Napi::Object FromModel(Napi::Env env, const muse_model &model)
{
    Napi::Object object = Napi::Object::New(env);

    object.Set("name", Napi::String::New(env, model.name));
    object.Set("digest", Napi::Buffer<uint8_t>::Copy(env, model.digest, sizeof model.digest));
    if (model.ttl != UINT32_MAX) {
        object.Set("ttl", Napi::Number::New(env, model.ttl));
    }
    return object;
}

/* A text of at most size - 1 bytes, to where all is zero. */
static void CopyText(const Napi::Value &value, char *to, size_t size, const char *name)
{
    const std::string text = value.ToString().Utf8Value();

    if (text.size() >= size || text.find('\0') != std::string::npos) {
        throw Napi::RangeError::New(value.Env(), std::string(name) + " is longer than " +
                                                     std::to_string(size - 1) +
                                                     " bytes or has a NUL");
    }
    std::memcpy(to, text.data(), text.size());
}

static muse_endpoint ToEndpoint(const Napi::Value &value)
{
    const Napi::Object object = ToObject(value, "an endpoint");
    muse_endpoint endpoint = {};

    CopyText(object.Get("model"), endpoint.model, sizeof endpoint.model, "an endpoint's model");
    CopyText(object.Get("url"), endpoint.url, sizeof endpoint.url, "an endpoint's url");
    endpoint.state = ToUint32(object.Get("state"), "state");
    endpoint.active = ToUint32(object.Get("active"), "active");
    endpoint.rest_ms = ToUint32(object.Get("restMs"), "restMs");
    return endpoint;
}

muse_report ToReport(const Napi::Value &value)
{
    const Napi::Object object = ToObject(value, "the report");
    const Napi::Value endpoints = object.Get("endpoints");
    muse_report report = {};

    if (!endpoints.IsArray() || endpoints.As<Napi::Array>().Length() > MUSE_ENDPOINTS_MAX) {
        throw Napi::TypeError::New(value.Env(), "endpoints must be an array of at most " +
                                                    std::to_string(MUSE_ENDPOINTS_MAX));
    }
    const Napi::Array list = endpoints.As<Napi::Array>();
    report.models = ToUint32(object.Get("models"), "models");
    report.in_flight = ToUint32(object.Get("inFlight"), "inFlight");
    report.left_out = ToUint32(object.Get("leftOut"), "leftOut");
    report.count = list.Length();
    for (uint32_t i = 0; i < report.count; i++) {
        report.endpoints[i] = ToEndpoint(list.Get(i));
    }
    return report;
}

} // namespace muse
