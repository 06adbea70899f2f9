#include "region_object.h"

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "convert.h"
#include "env_data.h"
#include "muse_prompts.h"
#include "muse_snapshot.h"

namespace muse
{

namespace
{

const char *const kCounterNames[MUSE_COUNTERS] = {
    "hits",    "stale",  "joined",    "misses",      "returned",
    "limited", "errors", "abandoned", "completions", "failures",
};

const char *const kUseNames[MUSE_USES] = {
    "completions", "failures", "inputTokens", "outputTokens", "cost", "saved",
};

Napi::Value Number(Napi::Env env, uint64_t value)
{
    return Napi::Number::New(env, static_cast<double>(value));
}

uint64_t Property(const Napi::Object &object, const char *name, uint64_t max, uint64_t otherwise)
{
    const Napi::Value value = object.Get(name);

    return value.IsUndefined() ? otherwise : ToWhole(value, max, name);
}

Napi::Value Wrap(Napi::Env env, muse_region *region)
{
    return EnvData::Of(env).region_class.New({Napi::External<muse_region>::New(env, region)});
}

/* Called with a shard locked, so it is the C library's allocator and never V8's. */
void *FromMalloc(void *, size_t size)
{
    return std::malloc(size);
}

} // namespace

Napi::Function RegionObject::Define(Napi::Env env)
{
    return DefineClass(env, "Region",
                       {
                           StaticMethod<&RegionObject::Create>("create"),
                           StaticMethod<&RegionObject::Attach>("attach"),
                           InstanceAccessor<&RegionObject::Fd>("fd"),
                           InstanceAccessor<&RegionObject::Sizes>("sizes"),
                           InstanceMethod<&RegionObject::DetachNow>("detach"),
                           InstanceMethod<&RegionObject::Get>("get"),
                           InstanceMethod<&RegionObject::Put>("put"),
                           InstanceMethod<&RegionObject::Hold>("hold"),
                           InstanceMethod<&RegionObject::Remove>("remove"),
                           InstanceMethod<&RegionObject::Clear>("clear"),
                           InstanceMethod<&RegionObject::Stats>("stats"),
                           InstanceAccessor<&RegionObject::Epoch>("epoch"),
                           InstanceMethod<&RegionObject::RaiseEpoch>("raiseEpoch"),
                           InstanceMethod<&RegionObject::PublishModels>("publishModels"),
                           InstanceMethod<&RegionObject::Models>("models"),
                           InstanceAccessor<&RegionObject::ModelsGeneration>("modelsGeneration"),
                           InstanceMethod<&RegionObject::Beat>("beat"),
                           InstanceMethod<&RegionObject::Engine>("engine"),
                           InstanceMethod<&RegionObject::SetEngine>("setEngine"),
                           InstanceMethod<&RegionObject::Take>("take"),
                           InstanceMethod<&RegionObject::ClaimCounters>("claimCounters"),
                           InstanceMethod<&RegionObject::Count>("count"),
                           InstanceMethod<&RegionObject::Counters>("counters"),
                           InstanceMethod<&RegionObject::AddUsage>("addUsage"),
                           InstanceMethod<&RegionObject::ClaimBudgets>("claimBudgets"),
                           InstanceMethod<&RegionObject::Reserve>("reserve"),
                           InstanceMethod<&RegionObject::Settle>("settle"),
                           InstanceMethod<&RegionObject::NotePrompt>("notePrompt"),
                           InstanceMethod<&RegionObject::Prompts>("prompts"),
                           InstanceMethod<&RegionObject::SetReport>("setReport"),
                           InstanceMethod<&RegionObject::Snapshot>("snapshot"),
                           InstanceMethod<&RegionObject::NowMs>("nowMs"),
                       });
}

RegionObject::RegionObject(const Napi::CallbackInfo &info) : Napi::ObjectWrap<RegionObject>(info)
{
    if (info.Length() != 1 || !info[0].IsExternal()) {
        throw Napi::TypeError::New(info.Env(), "use Region.create or Region.attach");
    }
    region_.reset(info[0].As<Napi::External<muse_region>>().Data());
}

muse_region *RegionObject::Handle(Napi::Env env) const
{
    if (!region_) {
        Fail(env, "MUSE_DETACHED", "the region was detached");
    }
    return region_.get();
}

Napi::Value RegionObject::Create(const Napi::CallbackInfo &info)
{
    const Napi::Object options = ToObject(info[0], "sizes");
    const muse_region_config config = {
        Property(options, "storeBytes", kSafe, 0),
        static_cast<uint32_t>(Property(options, "shards", UINT32_MAX, 0)),
        static_cast<uint32_t>(Property(options, "clients", UINT32_MAX, 0)),
    };
    muse_region *region = nullptr;

    Check(info.Env(), muse_region_create(&config, &region), "make a region");
    return Wrap(info.Env(), region);
}

Napi::Value RegionObject::Attach(const Napi::CallbackInfo &info)
{
    muse_region *region = nullptr;

    Check(info.Env(),
          muse_region_attach(static_cast<int>(ToWhole(info[0], INT32_MAX, "fd")), &region),
          "attach to the region");
    return Wrap(info.Env(), region);
}

Napi::Value RegionObject::Fd(const Napi::CallbackInfo &info)
{
    return Napi::Number::New(info.Env(), muse_region_fd(Handle(info.Env())));
}

Napi::Value RegionObject::Sizes(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const muse_region_config config = muse_region_get_config(Handle(env));
    Napi::Object object = Napi::Object::New(env);

    object.Set("storeBytes", Number(env, config.store_bytes));
    object.Set("shards", Number(env, config.shards));
    object.Set("clients", Number(env, config.clients));
    return object;
}

void RegionObject::DetachNow(const Napi::CallbackInfo &)
{
    region_.reset();
}

Napi::Value RegionObject::Get(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const muse_key key = ToKey(info[0]);
    const uint64_t now = info[1].IsUndefined() ? muse_clock_ms() : ToWhole(info[1], kSafe, "nowMs");
    muse_entry_info entry;
    uint8_t *raw = nullptr;
    const muse_status status =
        muse_store_get(Handle(env), &key, now, &entry, FromMalloc, nullptr, &raw);
    std::unique_ptr<uint8_t, decltype(&std::free)> bytes(raw, std::free);

    if (status == MUSE_MISS) {
        return env.Undefined();
    }
    Check(env, status, "read the answer");
    Napi::Object object = Napi::Object::New(env);

    object.Set("storedAt", Number(env, entry.stored_at));
    object.Set("freshUntil", Number(env, entry.fresh_until));
    object.Set("staleUntil", Number(env, entry.stale_until));
    object.Set("alias", Napi::Boolean::New(env, (entry.flags & MUSE_ENTRY_ALIAS) != 0));
    object.Set("head", Napi::Buffer<uint8_t>::Copy(env, raw, entry.head_len));
    if (entry.body_len == 0) {
        object.Set("body", Napi::Buffer<uint8_t>::New(env, 0));
        return object;
    }
    /* The body takes over the whole piece, which is the one copy out of the region. */
    const auto free_piece = [](Napi::Env, uint8_t *, uint8_t *piece) { std::free(piece); };
    object.Set("body", Napi::Buffer<uint8_t>::NewOrCopy(env, bytes.release() + entry.head_len,
                                                        entry.body_len, free_piece, raw));
    return object;
}

/* One argument each: to read the properties of an object takes longer than to store the answer. */
void RegionObject::Put(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const muse_key key = ToKey(info[0]);
    const Bytes head = ToBytes(info[5], "head");
    const Bytes body = ToBytes(info[6], "body");
    const muse_entry_info meta = {
        ToWhole(info[1], kSafe, "storedAt"),
        ToWhole(info[2], kSafe, "freshUntil"),
        ToWhole(info[3], kSafe, "staleUntil"),
        info[4].ToBoolean() ? static_cast<uint32_t>(MUSE_ENTRY_ALIAS) : 0u,
        static_cast<uint32_t>(head.length),
        static_cast<uint32_t>(body.length),
    };

    if (head.length > UINT32_MAX || body.length > UINT32_MAX) {
        Check(env, MUSE_TOO_LARGE, "store the answer");
    }
    Check(env, muse_store_put(Handle(env), &key, &meta, head.data, body.data), "store the answer");
}

Napi::Value RegionObject::Hold(const Napi::CallbackInfo &info)
{
    const muse_key key = ToKey(info[0]);
    const uint32_t seconds = static_cast<uint32_t>(ToWhole(info[1], MUSE_HOLD_MOST, "seconds"));

    return Napi::Boolean::New(
        info.Env(), muse_store_hold(Handle(info.Env()), &key, muse_clock_ms(), seconds) == MUSE_OK);
}

Napi::Value RegionObject::Remove(const Napi::CallbackInfo &info)
{
    const muse_key key = ToKey(info[0]);

    return Napi::Boolean::New(info.Env(), muse_store_remove(Handle(info.Env()), &key) == MUSE_OK);
}

void RegionObject::Clear(const Napi::CallbackInfo &info)
{
    muse_store_clear(Handle(info.Env()));
}

Napi::Value RegionObject::Stats(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    Napi::Object object = Napi::Object::New(env);
    muse_store_stats stats;

    muse_store_stats_get(Handle(env), &stats);
    object.Set("entries", Number(env, stats.entries));
    object.Set("bytesUsed", Number(env, stats.bytes_used));
    object.Set("bytesTotal", Number(env, stats.bytes_total));
    object.Set("evicted", Number(env, stats.evicted));
    object.Set("recovered", Number(env, stats.recovered));
    return object;
}

Napi::Value RegionObject::Epoch(const Napi::CallbackInfo &info)
{
    return Number(info.Env(), muse_epoch_get(Handle(info.Env())));
}

Napi::Value RegionObject::RaiseEpoch(const Napi::CallbackInfo &info)
{
    return Number(info.Env(), muse_epoch_raise(Handle(info.Env())));
}

void RegionObject::PublishModels(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const uint32_t default_index = ToUint32(info[1], "defaultIndex");
    std::vector<muse_model> models;

    if (!info[0].IsArray()) {
        throw Napi::TypeError::New(env, "models must be an array");
    }
    const Napi::Array list = info[0].As<Napi::Array>();
    for (uint32_t i = 0; i < list.Length(); i++) {
        models.push_back(ToModel(list.Get(i)));
    }
    Check(env, muse_models_publish(Handle(env), models.data(), models.size(), default_index),
          "publish the models");
}

Napi::Value RegionObject::Models(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const muse_region *region = Handle(env);
    std::vector<muse_model> models;
    std::string chosen;
    muse_model model;
    uint64_t generation;

    /* Read one by one: begin again when the table was replaced in between. */
    do {
        generation = muse_models_generation(region);
        models.clear();
        while (muse_models_at(region, models.size(), &model) == MUSE_OK) {
            models.push_back(model);
        }
        chosen = muse_models_default(region, &model) == MUSE_OK ? model.name : "";
    } while (muse_models_generation(region) != generation);

    Napi::Array list = Napi::Array::New(env, models.size());
    for (uint32_t i = 0; i < models.size(); i++) {
        Napi::Object object = FromModel(env, models[i]);

        object.Set("isDefault", Napi::Boolean::New(env, models[i].name == chosen));
        list.Set(i, object);
    }
    return list;
}

Napi::Value RegionObject::ModelsGeneration(const Napi::CallbackInfo &info)
{
    return Number(info.Env(), muse_models_generation(Handle(info.Env())));
}

void RegionObject::Beat(const Napi::CallbackInfo &info)
{
    Check(info.Env(),
          muse_engine_beat(Handle(info.Env()), ToUint32(info[0], "engine"), muse_clock_ms()),
          "set the engine's heartbeat");
}

Napi::Value RegionObject::Engine(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    Napi::Object object = Napi::Object::New(env);
    muse_engine_info engine;

    Check(env, muse_engine_get(Handle(env), ToUint32(info[0], "engine"), &engine),
          "read the engine's state");
    object.Set("state", Number(env, engine.state));
    object.Set("failures", Number(env, engine.failures));
    object.Set("pid", Number(env, engine.pid));
    object.Set("changedAt", Number(env, engine.changed_at));
    object.Set("beatAt", Number(env, engine.beat_at));
    return object;
}

void RegionObject::SetEngine(const Napi::CallbackInfo &info)
{
    const auto state = static_cast<muse_engine_state>(ToWhole(info[1], MUSE_ENGINE_DOWN, "state"));

    Check(info.Env(),
          muse_engine_set(Handle(info.Env()), ToUint32(info[0], "engine"), state,
                          ToUint32(info[2], "failures"), ToUint32(info[3], "pid")),
          "set the engine's state");
}

Napi::Value RegionObject::Take(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const Napi::Object options = ToObject(info[1], "limit");
    const muse_limit limit = {ToUint32(options.Get("perMinute"), "perMinute"),
                              ToUint32(options.Get("burst"), "burst")};
    const Bytes id = ToBytes(info[0], "the client");
    muse_limit_result result;
    uint64_t now = muse_clock_ns();
    bool lossless = true;

    if (!info[2].IsUndefined()) {
        now = info[2].IsBigInt() ? info[2].As<Napi::BigInt>().Uint64Value(&lossless) : UINT64_MAX;
    }
    if (!lossless || now == UINT64_MAX) {
        throw Napi::TypeError::New(env, "nowNs must be a bigint from 0 to 2^63");
    }
    Check(env, muse_limiter_take(Handle(env), id.data, id.length, now, &limit, &result),
          "take from the client's limit");
    Napi::Object object = Napi::Object::New(env);

    object.Set("allowed", Napi::Boolean::New(env, result.allowed != 0));
    object.Set("remaining", Number(env, result.remaining));
    object.Set("retryAfter", Napi::BigInt::New(env, result.retry_after));
    object.Set("resetAfter", Napi::BigInt::New(env, result.reset_after));
    return object;
}

Napi::Value RegionObject::ClaimCounters(const Napi::CallbackInfo &info)
{
    return Number(info.Env(), muse_counters_claim(Handle(info.Env())));
}

void RegionObject::Count(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const uint32_t slot = static_cast<uint32_t>(ToWhole(info[0], MUSE_COUNTER_SLOTS - 1, "slot"));
    const std::string name = info[1].ToString().Utf8Value();

    for (int i = 0; i < MUSE_COUNTERS; i++) {
        if (name == kCounterNames[i]) {
            muse_counters_add(Handle(env), slot, static_cast<muse_counter>(i),
                              ToWhole(info[2], kSafe, "n"));
            return;
        }
    }
    throw Napi::RangeError::New(env, "there is no counter \"" + name + "\"");
}

Napi::Value RegionObject::Counters(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    Napi::Object object = Napi::Object::New(env);
    uint64_t totals[MUSE_COUNTERS];

    muse_counters_sum(Handle(env), totals);
    for (int i = 0; i < MUSE_COUNTERS; i++) {
        object.Set(kCounterNames[i], Number(env, totals[i]));
    }
    return object;
}

void RegionObject::AddUsage(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const std::string model = info[0].ToString().Utf8Value();
    const std::string name = info[1].ToString().Utf8Value();

    for (int i = 0; i < MUSE_USES; i++) {
        if (name == kUseNames[i]) {
            muse_usage_add(Handle(env), model.data(), model.size(), static_cast<muse_use>(i),
                           ToWhole(info[2], kSafe, "n"));
            return;
        }
    }
    throw Napi::RangeError::New(env, "there is no use \"" + name + "\"");
}

Napi::Value RegionObject::ClaimBudgets(const Napi::CallbackInfo &info)
{
    return Number(info.Env(), muse_budget_claim(Handle(info.Env())));
}

Napi::Value RegionObject::Reserve(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const uint32_t owner = ToUint32(info[0], "owner");
    const std::string name = info[1].ToString().Utf8Value();
    const auto unit =
        static_cast<muse_budget_unit>(ToWhole(info[2], MUSE_BUDGET_UNITS - 1, "unit"));
    const uint32_t day = ToUint32(info[3], "day");
    const uint64_t limit = ToWhole(info[4], kSafe, "limit");
    const uint64_t amount = ToWhole(info[5], kSafe, "amount");
    muse_budget_result result;

    Check(env,
          muse_budget_reserve(Handle(env), owner, name.c_str(), unit, day, limit, amount, &result),
          "reserve of the budget");
    Napi::Object object = Napi::Object::New(env);

    object.Set("answer", Number(env, result.answer));
    object.Set("isNews", Napi::Boolean::New(env, result.news != 0));
    object.Set("slot", Number(env, result.slot));
    object.Set("day", Number(env, result.day));
    return object;
}

void RegionObject::Settle(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();

    Check(env,
          muse_budget_settle(Handle(env), ToUint32(info[0], "owner"), ToUint32(info[1], "slot"),
                             ToUint32(info[2], "day"), ToWhole(info[3], kSafe, "amount"),
                             ToWhole(info[4], kSafe, "used")),
          "settle with the budget");
}

Napi::Value RegionObject::NotePrompt(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const std::string path = info[0].ToString().Utf8Value();
    const muse_key state = ToKey(info[1]);
    muse_prompt prompt = {path.data(), path.size(), {}};
    int replaced;

    static_assert(sizeof prompt.state == sizeof state, "a state is as long as a key");
    std::memcpy(prompt.state, &state, sizeof prompt.state);
    Check(env, muse_prompts_note(Handle(env), &prompt, &replaced), "note a prompt");
    return Napi::Boolean::New(env, replaced != 0);
}

Napi::Value RegionObject::Prompts(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    uint8_t *raw = nullptr;
    size_t length = 0;
    const muse_status status = muse_prompts_copy(Handle(env), &raw, &length);
    const std::unique_ptr<uint8_t, decltype(&std::free)> copy(raw, std::free);
    const Napi::Array list = Napi::Array::New(env);
    muse_prompt prompt;
    size_t at = 0;

    if (status == MUSE_MISS) {
        return env.Undefined();
    }
    Check(env, status, "read what prompts were");
    while (muse_prompts_next(copy.get(), length, &at, &prompt)) {
        list.Set(list.Length(), Napi::String::New(env, prompt.path, prompt.length));
    }
    return list;
}

void RegionObject::SetReport(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    const uint32_t engine = ToUint32(info[0], "engine");
    const auto report = std::make_unique<muse_report>(ToReport(info[1]));

    Check(env, muse_report_set(Handle(env), engine, report.get()), "set the engine's report");
}

Napi::Value RegionObject::Snapshot(const Napi::CallbackInfo &info)
{
    const Napi::Env env = info.Env();
    std::unique_ptr<muse_snapshot, decltype(&std::free)> snapshot(
        muse_snapshot_take(Handle(env), ToUint32(info[0], "engines")), std::free);
    muse_text json = {nullptr, 0, 0, 0};

    if (!snapshot) {
        Check(env, MUSE_ENOMEM, "take a snapshot");
    }
    muse_snapshot_json(snapshot.get(), &json);
    std::unique_ptr<muse_text, decltype(&muse_text_free)> freed(&json, muse_text_free);
    if (json.failed) {
        Check(env, MUSE_ENOMEM, "write the snapshot");
    }
    return Napi::String::New(env, json.bytes, json.length);
}

Napi::Value RegionObject::NowMs(const Napi::CallbackInfo &info)
{
    return Number(info.Env(), muse_clock_ms());
}

} // namespace muse
