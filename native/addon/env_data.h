/*
 * What one JavaScript environment (the main thread, or a worker) has of the add-on. Nothing is
 * global, so any number of threads may load it; the environment frees it when it ends.
 */
#ifndef MUSE_ENV_DATA_H
#define MUSE_ENV_DATA_H

#include <napi.h>

namespace muse
{

struct EnvData {
    Napi::FunctionReference region_class; /* Region, to make instances of */
    Napi::FunctionReference error_class;  /* RegionError, which JavaScript gives us */

    static EnvData &Of(Napi::Env env)
    {
        return *env.GetInstanceData<EnvData>();
    }
};

} // namespace muse

#endif
