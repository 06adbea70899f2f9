/* The JavaScript class Region: one process's handle of the region library. */
#ifndef MUSE_REGION_OBJECT_H
#define MUSE_REGION_OBJECT_H

#include <memory>

#include <napi.h>

#include "muse_budget.h"
#include "muse_counters.h"
#include "muse_engines.h"
#include "muse_limiter.h"
#include "muse_models.h"
#include "muse_region.h"
#include "muse_store.h"

namespace muse
{

struct Detach {
    void operator()(muse_region *region) const
    {
        muse_region_detach(region);
    }
};

/* Each method unwraps, checks, calls and wraps; what the values mean is said in src/region.ts. */
class RegionObject : public Napi::ObjectWrap<RegionObject>
{
  public:
    static Napi::Function Define(Napi::Env env);
    explicit RegionObject(const Napi::CallbackInfo &info);

  private:
    static Napi::Value Create(const Napi::CallbackInfo &info);
    static Napi::Value Attach(const Napi::CallbackInfo &info);

    Napi::Value Fd(const Napi::CallbackInfo &info);
    Napi::Value Sizes(const Napi::CallbackInfo &info);
    void DetachNow(const Napi::CallbackInfo &info);
    Napi::Value Get(const Napi::CallbackInfo &info);
    void Put(const Napi::CallbackInfo &info);
    Napi::Value Hold(const Napi::CallbackInfo &info);
    Napi::Value Remove(const Napi::CallbackInfo &info);
    void Clear(const Napi::CallbackInfo &info);
    Napi::Value Stats(const Napi::CallbackInfo &info);
    Napi::Value Epoch(const Napi::CallbackInfo &info);
    Napi::Value RaiseEpoch(const Napi::CallbackInfo &info);
    void PublishModels(const Napi::CallbackInfo &info);
    Napi::Value Models(const Napi::CallbackInfo &info);
    Napi::Value ModelsGeneration(const Napi::CallbackInfo &info);
    void Beat(const Napi::CallbackInfo &info);
    Napi::Value Engine(const Napi::CallbackInfo &info);
    void SetEngine(const Napi::CallbackInfo &info);
    Napi::Value Take(const Napi::CallbackInfo &info);
    Napi::Value ClaimCounters(const Napi::CallbackInfo &info);
    void Count(const Napi::CallbackInfo &info);
    Napi::Value Counters(const Napi::CallbackInfo &info);
    void AddUsage(const Napi::CallbackInfo &info);
    Napi::Value ClaimBudgets(const Napi::CallbackInfo &info);
    Napi::Value Reserve(const Napi::CallbackInfo &info);
    void Settle(const Napi::CallbackInfo &info);
    Napi::Value NotePrompt(const Napi::CallbackInfo &info);
    Napi::Value Prompts(const Napi::CallbackInfo &info);
    void SetReport(const Napi::CallbackInfo &info);
    Napi::Value Snapshot(const Napi::CallbackInfo &info);
    Napi::Value NowMs(const Napi::CallbackInfo &info);

    /* The handle; throws a RegionError when it was detached. */
    muse_region *Handle(Napi::Env env) const;

    std::unique_ptr<muse_region, Detach> region_;
};

} // namespace muse

#endif
