/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Part of <zcache/zcache.hpp>, which includes it: what a cache and a table have in common, keys.
 */
#ifndef ZCACHE_KEYSPACE_HPP
#define ZCACHE_KEYSPACE_HPP

#ifndef ZCACHE_ZCACHE_HPP
#error "include <zcache/zcache.hpp>"
#endif

/* What needs no type: keys of a cache, or of a table. */
class zcache::keyspace
{
  public:
    /* The handle, for <zcache/zcache.h> and <zcache/native/….h>; borrowed. Throws ZCACHE_E_CLOSED:
     * it was closed, moved from, or never opened. */
    ::zcache *handle() const
    {
        if (handle_ == nullptr)
            throw error(ZCACHE_E_CLOSED, "this cache or table is not open");
        return handle_;
    }

    bool is_open() const noexcept
    {
        return handle_ != nullptr;
    }

    /* Deletes a key; false: it was not there. */
    bool del(std::string_view key, std::chrono::milliseconds timeout = {}) const
    {
        const zcache_write_options c = zcache_detail::to_c(write_options({}, timeout));
        return yes(zcache_del_n(handle(), key.data(), key.size(), &c));
    }

    bool exists(std::string_view key, std::chrono::milliseconds timeout = {}) const
    {
        const zcache_read_options c = zcache_detail::to_c(read_options{timeout, false, false});
        return yes(zcache_exists_n(handle(), key.data(), key.size(), &c));
    }

    /* What is left of a key's TTL; nothing: it is not there. */
    std::optional<time_to_live> ttl(std::string_view key,
                                    std::chrono::milliseconds timeout = {}) const
    {
        const zcache_read_options c = zcache_detail::to_c(read_options{timeout, false, false});
        int64_t left_ms = 0;
        if (!yes(zcache_ttl_n(handle(), key.data(), key.size(), &left_ms, &c)))
            return std::nullopt;
        return time_to_live::from_c(left_ms);
    }

    /* Gives a key another TTL, counted from now; false: it is not there. */
    bool touch(std::string_view key, const write_options &options = {}) const
    {
        const zcache_write_options c = zcache_detail::to_c(options);
        return yes(zcache_touch_n(handle(), key.data(), key.size(), &c));
    }

    /* Deletes keys, in one round trip where the backend allows it. Returns how many were there.
     * `statuses`, as in every batch here: receives each key's ZCACHE_OK, ZCACHE_MISS or error, and
     * then the error of a key is not thrown; nullptr: the first is. */
    size_t del_multi(const key_batch &keys, std::vector<zcache_status> *statuses = nullptr,
                     std::chrono::milliseconds timeout = {}) const
    {
        const zcache_write_options c = zcache_detail::to_c(write_options({}, timeout));
        std::vector<zcache_status> each(keys.size(), ZCACHE_OK);
        zcache_detail::check_batch(
            zcache_del_multi_n(handle(), keys.size(), keys.data(), each.data(), &c), each,
            statuses);
        size_t deleted = 0;
        for (zcache_status one : each)
            deleted += one == ZCACHE_OK;
        if (statuses != nullptr)
            statuses->swap(each);
        return deleted;
    }

    /* The keys that match a glob (* ? [a-z] [^a] \x), each once, sorted by their bytes. */
    std::vector<std::string> keys(const std::string &pattern = "*",
                                  std::chrono::milliseconds timeout = {}) const
    {
        struct list_owner {
            zcache_key_list list = ZCACHE_KEY_LIST_INIT;
            ~list_owner()
            {
                zcache_key_list_free(&list);
            }
        } owner;
        const zcache_scan_options c = zcache_detail::scan_for(timeout);
        zcache_detail::check(zcache_keys(handle(), zcache_detail::text(pattern), &owner.list, &c));
        std::vector<std::string> collected;
        collected.reserve(owner.list.count);
        for (size_t i = 0; i < owner.list.count; i++)
            collected.emplace_back(zcache_detail::view(owner.list.keys[i]));
        return collected;
    }

    /* Streams the keys that match a glob, in no order; one may come twice. `each` is called with a
     * std::string_view, and a time_to_live if it takes one; both are borrowed for the call. If it
     * returns false the scan stops; it may also return nothing. It may use the cache. */
    template <class Each>
    void scan(const std::string &pattern, Each &&each, std::chrono::milliseconds timeout = {}) const
    {
        constexpr bool with_ttl = std::is_invocable_v<Each &, std::string_view, time_to_live>;
        auto one = [&each](std::string_view key, time_to_live ttl) -> bool {
            auto call = [&]() -> decltype(auto) {
                if constexpr (with_ttl)
                    return each(key, ttl);
                else
                    return (void)ttl, each(key);
            };
            if constexpr (std::is_void_v<decltype(call())>)
                return call(), true;
            else
                return static_cast<bool>(call());
        };
        zcache_detail::callback<decltype(one)> callback{one};
        zcache_scan_options c = zcache_detail::scan_for(timeout);
        c.with_ttl = with_ttl;
        const zcache_status status = zcache_scan(
            handle(), zcache_detail::text(pattern),
            [](void *user, zcache_slice key, int64_t ttl_ms) noexcept {
                return static_cast<decltype(callback) *>(user)->call(
                    false, zcache_detail::view(key), time_to_live::from_c(ttl_ms));
            },
            &callback, &c);
        callback.rethrow();
        zcache_detail::check(status);
    }

    /* Deletes every key of this cache or table, and nothing else. */
    void clear(std::chrono::milliseconds timeout = {}) const
    {
        const zcache_scan_options c = zcache_detail::scan_for(timeout);
        zcache_detail::check(zcache_clear(handle(), &c));
    }

  protected:
    keyspace() noexcept = default;
    keyspace(const keyspace &) noexcept = default;
    keyspace &operator=(const keyspace &) noexcept = default;
    ~keyspace() = default;

    static bool yes(zcache_status status)
    {
        return zcache_detail::check(status) == ZCACHE_OK;
    }

    ::zcache *handle_ = nullptr;
};

#endif /* ZCACHE_KEYSPACE_HPP */
