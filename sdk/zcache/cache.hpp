/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Part of <zcache/zcache.hpp>, which includes it: zcache::cache, a cache of bytes.
 */
#ifndef ZCACHE_CACHE_HPP
#define ZCACHE_CACHE_HPP

#ifndef ZCACHE_ZCACHE_HPP
#error "include <zcache/zcache.hpp>"
#endif

/* A cache of bytes, or an untyped table of one. It owns its handle, and closes it when it ends,
 * which waits for operations in flight; those that `default_cache` and `table` return borrow
 * theirs. */
class zcache::cache : public keyspace
{
  public:
    /* Not open. */
    cache() noexcept = default;

    /* From code alone; from an INI file and the environment; from the environment and the INI file
     * that ZCACHE_CONF names, else the system's. */
    static cache open(const options &options = {})
    {
        return opened(options, [](::zcache **handle, const zcache_options *c) {
            return zcache_open(handle, c);
        });
    }
    static cache open_file(const std::string &path, const options &options = {})
    {
        return opened(options, [&](::zcache **handle, const zcache_options *c) {
            return zcache_open_file(handle, zcache_detail::text(path), c);
        });
    }
    static cache open_env(const options &options = {})
    {
        return opened(options, [](::zcache **handle, const zcache_options *c) {
            return zcache_open_env(handle, c);
        });
    }

    /* The process-wide default cache, configured from the environment at its first use. Borrowed:
     * valid until zcache_close(NULL). */
    static cache default_cache()
    {
        cache borrowed;
        borrowed.handle_ = zcache_default();
        if (borrowed.handle_ == nullptr)
            throw error(ZCACHE_E_CONFIG, zcache_error_message());
        return borrowed;
    }

    cache(cache &&other) noexcept
    {
        swap_with(other);
    }
    cache &operator=(cache &&other) noexcept
    {
        cache taken(std::move(other));
        swap_with(taken);
        return *this;
    }

    /* Closes it. A cache that cannot be closed (a native lease is out, or a callback of it is
     * running) stays open for good: call close() to be told. */
    ~cache()
    {
        if (owned_ && zcache_close(handle_) != ZCACHE_OK)
            static_cast<void>(log_.release()); /* in use by the cache that goes on */
    }

    /* Closes the cache and all its tables; a borrowed handle is forgotten, and one that is not open
     * is left so. No other thread may use it meanwhile. Throws ZCACHE_E_BUSY, and the cache stays
     * open: a native lease is out, or a callback of it is running. */
    void close()
    {
        if (owned_)
            zcache_detail::check(zcache_close(handle()));
        owned_ = false;
        handle_ = nullptr;
        log_.reset();
    }

    /* A part of the cache with keys of its own, for bytes and texts without a codec;
     * zcache::table<T> is for structs. Borrowed: valid until the cache is closed.
     *     name    [A-Za-z0-9_.-]{1,64} */
    cache table(const std::string &name) const
    {
        cache borrowed;
        zcache_detail::check(zcache_table(handle(), zcache_detail::text(name), &borrowed.handle_));
        return borrowed;
    }

    /* ---- one key */

    /* The bytes of a key; nothing: it is not there. */
    [[nodiscard]] std::optional<std::string> get(std::string_view key,
                                                 std::chrono::milliseconds timeout = {}) const
    {
        std::optional<entry> found = get_entry(key, read_options{timeout, false, false});
        if (!found)
            return std::nullopt;
        return std::move(found->data);
    }

    /* The bytes with TTL and cas token, as the options ask. */
    [[nodiscard]] std::optional<entry> get_entry(std::string_view key,
                                                 const read_options &options) const
    {
        const zcache_read_options c = zcache_detail::to_c(options);
        zcache_detail::buffers buffer(1);
        const zcache_value &read = buffer.values[0];
        if (!yes(zcache_get_n(handle(), key.data(), key.size(), buffer.values.data(), &c)))
            return std::nullopt;
        return entry{buffer.bytes(0), time_to_live::from_c(read.ttl_ms), read.cas};
    }

    /* Writes a key, whatever is there: value and TTL. */
    void set(std::string_view key, std::string_view data, const write_options &options = {}) const
    {
        const zcache_write_options c = zcache_detail::to_c(options);
        zcache_detail::check(
            zcache_set_n(handle(), key.data(), key.size(), data.data(), data.size(), &c));
    }

    /* Writes a key only if it is not there; false: it is. */
    bool add(std::string_view key, std::string_view data, const write_options &options = {}) const
    {
        const zcache_write_options c = zcache_detail::to_c(options);
        return yes(zcache_add_n(handle(), key.data(), key.size(), data.data(), data.size(), &c));
    }

    /* Writes a key only if it is there; false: it is not. */
    bool replace(std::string_view key, std::string_view data,
                 const write_options &options = {}) const
    {
        const zcache_write_options c = zcache_detail::to_c(options);
        return yes(
            zcache_replace_n(handle(), key.data(), key.size(), data.data(), data.size(), &c));
    }

    /* Writes a key only if its value is still the one that was read with the token. */
    [[nodiscard]] cas_result cas(std::string_view key, std::string_view data, uint64_t token,
                                 const write_options &options = {}) const
    {
        const zcache_write_options c = zcache_detail::to_c(options);
        return zcache_detail::cas_result_of(
            zcache_cas_n(handle(), key.data(), key.size(), data.data(), data.size(), token, &c));
    }

    /* Adds to a counter, in one atomic step, and returns its new number. A missing key counts as 0
     * and is created with the TTL of the options. Throws ZCACHE_E_TYPE: the value is not a number;
     * ZCACHE_E_RANGE: overflow. */
    int64_t incr(std::string_view key, int64_t delta = 1, const write_options &options = {}) const
    {
        const zcache_write_options c = zcache_detail::to_c(options);
        int64_t result = 0;
        zcache_detail::check(zcache_incr_n(handle(), key.data(), key.size(), delta, &result, &c));
        return result;
    }

    /* ---- many keys */

    /* The bytes of each key, in the order of the keys. */
    [[nodiscard]] std::vector<std::optional<std::string>>
    get_multi(const key_batch &keys, std::vector<zcache_status> *statuses = nullptr,
              std::chrono::milliseconds timeout = {}) const
    {
        const zcache_read_options c = zcache_detail::to_c(read_options{timeout, false, false});
        zcache_detail::buffers buffers(keys.size());
        std::vector<zcache_status> each(keys.size(), ZCACHE_OK);
        zcache_detail::check_batch(zcache_get_multi_n(handle(), keys.size(), keys.data(),
                                                      buffers.values.data(), each.data(), &c),
                                   each, statuses);
        std::vector<std::optional<std::string>> found(keys.size());
        for (size_t i = 0; i < keys.size(); i++)
            if (each[i] == ZCACHE_OK)
                found[i] = buffers.bytes(i);
        if (statuses != nullptr)
            statuses->swap(each);
        return found;
    }

    /* Writes pairs of key and bytes, as a std::map<std::string, std::string> has them. */
    template <class Pairs>
    void set_multi(const Pairs &pairs, const write_options &options = {},
                   std::vector<zcache_status> *statuses = nullptr) const
    {
        static_assert(std::is_reference_v<decltype(*std::begin(pairs))>,
                      "zcache: pairs that are made on the way cannot be borrowed from");
        const zcache_write_options c = zcache_detail::to_c(options);
        std::vector<zcache_item> items;
        for (const auto &[key, data] : pairs) {
            const std::string_view key_view = key, data_view = data;
            zcache_item item{};
            item.key = zcache_slice{key_view.data(), key_view.size()};
            item.value = zcache_slice{data_view.data(), data_view.size()};
            items.push_back(item);
        }
        const zcache_status outcome = zcache_set_multi(handle(), items.size(), items.data(), &c);
        std::vector<zcache_status> each;
        for (const zcache_item &item : items)
            each.push_back(item.status);
        zcache_detail::check_batch(outcome, each, statuses);
        if (statuses != nullptr)
            statuses->swap(each);
    }
    void set_multi(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs,
                   const write_options &options = {},
                   std::vector<zcache_status> *statuses = nullptr) const
    {
        set_multi<decltype(pairs)>(pairs, options, statuses);
    }

    /* ---- the provider */

    /* Proves that the backend answers. */
    void ping(std::chrono::milliseconds timeout = {}) const
    {
        const zcache_read_options c = zcache_detail::to_c(read_options{timeout, false, false});
        zcache_detail::check(zcache_ping(handle(), &c));
    }

    /* Calls `each` with every statistic, a const zcache_stat &, borrowed for the call. */
    template <class Each> void stats(Each &&each, std::chrono::milliseconds timeout = {}) const
    {
        auto one = [&each](const zcache_stat &stat) { return static_cast<void>(each(stat)), true; };
        zcache_detail::callback<decltype(one)> callback{one};
        const zcache_read_options c = zcache_detail::to_c(read_options{timeout, false, false});
        const zcache_status status = zcache_stats(
            handle(),
            [](void *user, const zcache_stat *stat) noexcept {
                static_cast<decltype(callback) *>(user)->call(false, *stat);
            },
            &callback, &c);
        callback.rethrow();
        zcache_detail::check(status);
    }

    /* The name of the active provider. */
    std::string provider() const
    {
        char name[ZCACHE_NAME_SIZE];
        zcache_detail::check(zcache_provider(handle(), name, sizeof(name)));
        return name;
    }

    /* Swaps the provider, while other threads go on: see zcache_swap. Any thread. */
    zcache_swap_report swap(const swap_options &options)
    {
        const std::vector<const char *> settings = zcache_detail::texts(options.settings);
        zcache_swap_report report{};
        zcache_swap_options c{};
        c.size = sizeof(c);
        c.report_size = sizeof(report);
        c.provider = zcache_detail::text_if_any(options.provider);
        c.file = zcache_detail::text_if_any(options.file);
        c.settings = settings.data();
        c.mode = options.mode;
        c.timeout_ms = options.timeout.count();
        c.copy_timeout_ms = options.copy_timeout.count();
        c.rate = options.rate;
        c.verify = options.verify;
        c.report = &report;
        c.drain_timeout_ms = options.drain_timeout.count();
        zcache_detail::callback<const progress_function> callback{options.progress};
        if (options.progress) {
            c.progress = progress_of<decltype(callback)>;
            c.progress_user = &callback;
        }
        const zcache_status status = zcache_swap(handle(), &c);
        callback.rethrow();
        zcache_detail::check(status);
        return report;
    }
    zcache_swap_report swap(const std::string &provider, zcache_swap_mode mode = ZCACHE_SWAP_COLD)
    {
        swap_options options;
        options.provider = provider;
        options.mode = mode;
        return swap(options);
    }

    /* Makes a copying swap of this cache, in whatever thread, give up soon. */
    void swap_abort()
    {
        zcache_detail::check(zcache_swap_abort(handle()));
    }

    /* Loads the configuration anew and applies what differs: see zcache_reload. Any thread. */
    zcache_reload_report reload(const decltype(swap_options::progress) &progress = {})
    {
        zcache_reload_report report{};
        zcache_reload_options c{};
        c.size = sizeof(c);
        c.report_size = sizeof(report);
        c.report = &report;
        zcache_detail::callback<const progress_function> callback{progress};
        if (progress) {
            c.progress = progress_of<decltype(callback)>;
            c.progress_user = &callback;
        }
        const zcache_status status = zcache_reload(handle(), &c);
        callback.rethrow();
        zcache_detail::check(status);
        return report;
    }

  private:
    using log_function = decltype(options::log);
    using progress_function = decltype(swap_options::progress);

    template <class Open> static cache opened(const options &options, Open open)
    {
        const std::vector<const char *> settings = zcache_detail::texts(options.settings);
        zcache_options c{};
        cache made;
        c.size = sizeof(c);
        c.provider = zcache_detail::text_if_any(options.provider);
        c.settings = settings.data();
        if (options.log) {
            made.log_ = std::make_unique<log_function>(options.log);
            c.log = log_line;
            c.log_user = made.log_.get();
        }
        zcache_detail::check(open(&made.handle_, &c));
        made.owned_ = true;
        return made;
    }

    static void log_line(void *user, zcache_log_level level, const char *message) noexcept
    {
        try {
            (*static_cast<const log_function *>(user))(level, message);
        } catch (...) {
            /* No caller is there to take it: the line may be another thread's. */
        }
    }

    template <class Callback>
    static zcache_swap_decision progress_of(void *user,
                                            const zcache_swap_progress *progress) noexcept
    {
        return static_cast<Callback *>(user)->call(ZCACHE_SWAP_ABORT, *progress);
    }

    void swap_with(cache &other) noexcept
    {
        std::swap(handle_, other.handle_);
        std::swap(owned_, other.owned_);
        log_.swap(other.log_);
    }

    bool owned_ = false;
    std::unique_ptr<log_function> log_; /* at one address as long as the cache is open */
};

#endif /* ZCACHE_CACHE_HPP */
