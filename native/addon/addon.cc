#include <memory>
#include <sys/prctl.h>

#include <napi.h>

#include "env_data.h"
#include "region_object.h"

namespace
{

/* setErrorClass(RegionError): called with (code, message) for what the library refuses. */
void SetErrorClass(const Napi::CallbackInfo &info)
{
    if (!info[0].IsFunction()) {
        throw Napi::TypeError::New(info.Env(), "setErrorClass takes a class");
    }
    muse::EnvData::Of(info.Env()).error_class = Napi::Persistent(info[0].As<Napi::Function>());
}

/* hideMemory(): of the process, from others of the same user and from core dumps. */
void HideMemory(const Napi::CallbackInfo &info)
{
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        throw Napi::Error::New(info.Env(), "prctl refused PR_SET_DUMPABLE");
    }
}

Napi::Object Init(Napi::Env env, Napi::Object exports)
{
    auto data = std::make_unique<muse::EnvData>();
    const Napi::Function region_class = muse::RegionObject::Define(env);

    data->region_class = Napi::Persistent(region_class);
    env.SetInstanceData(data.release());
    exports.Set("Region", region_class);
    exports.Set("setErrorClass", Napi::Function::New<SetErrorClass>(env, "setErrorClass"));
    exports.Set("hideMemory", Napi::Function::New<HideMemory>(env, "hideMemory"));
    return exports;
}

} // namespace

NODE_API_MODULE(muse_region, Init)
