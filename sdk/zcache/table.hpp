/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Part of <zcache/zcache.hpp>, which includes it: zcache::table<T>, whose values are structs that
 * ZCACHE_STRUCT describes, and zcache::value<T>, one that was read.
 */
#ifndef ZCACHE_TABLE_HPP
#define ZCACHE_TABLE_HPP

#ifndef ZCACHE_ZCACHE_HPP
#error "include <zcache/zcache.hpp>"
#endif

namespace zcache_detail
{

/* Objects that C reads into, and that own what their pointers lead to; all zero at first. */
template <class T> class objects
{
  public:
    explicit objects(size_t n) : all_(n)
    {
        if (n > 0)
            std::memset(static_cast<void *>(all_.data()), 0, n * sizeof(T));
    }
    objects(const objects &) = delete;
    objects &operator=(const objects &) = delete;
    ~objects()
    {
        for (T &one : all_)
            zcache_struct_free(zcache_describe(&one), &one);
    }

    T *data() noexcept
    {
        return all_.data();
    }

  private:
    std::vector<T> all_;
};

} // namespace zcache_detail

/* ---- a value --------------------------------------------------------------------------------- */

/* A struct that was read, with the memory that its pointers lead to, which it releases when it
 * ends. It can be moved, not copied. Nothing in it can be changed: copy the struct (`user changed =
 * *found;`), and let the value outlive the copy, or copy what its pointers lead to. */
template <class T> class zcache::value
{
    static_assert(zcache_detail::is_described<T>,
                  "zcache: the type is not described: ZCACHE_STRUCT(TYPE, …) must come before, in "
                  "the namespace of the struct");

  public:
    /* All zero. */
    value() noexcept
    {
        std::memset(static_cast<void *>(&object_), 0, sizeof(T));
    }
    value(value &&other) noexcept : value()
    {
        swap_with(other);
    }
    value &operator=(value &&other) noexcept
    {
        value taken(std::move(other));
        swap_with(taken);
        return *this;
    }
    ~value()
    {
        zcache_struct_free(zcache_describe(&object_), &object_);
    }

    const T &operator*() const noexcept
    {
        return object_;
    }
    const T *operator->() const noexcept
    {
        return &object_;
    }
    operator const T &() const &noexcept
    {
        return object_;
    }
    operator const T &() && = delete; /* `const user &ann = *users.get("7");` would not live on */

    /* What was left of its TTL, if it was read with .with_ttl. */
    time_to_live ttl() const noexcept
    {
        return time_to_live::from_c(info_.ttl_ms);
    }

    /* The token for table::cas, if it was read with .with_cas; else 0. */
    uint64_t cas() const noexcept
    {
        return info_.cas;
    }

  private:
    friend class table<T>;

    void swap_with(value &other) noexcept
    {
        std::swap(object_, other.object_);
        std::swap(info_, other.info_);
    }

    T object_;
    zcache_read_info info_ = {ZCACHE_TTL_UNKNOWN, 0};
};

/* ---- a table --------------------------------------------------------------------------------- */

/* A table of a cache. It belongs to its cache and ends with it; copies are the same table. T is a
 * struct that ZCACHE_STRUCT describes, or zcache_bytes, or zcache_string. */
template <class T> class zcache::table : public keyspace
{
    static_assert(zcache_detail::is_described<T>,
                  "zcache: the type is not described: ZCACHE_STRUCT(TYPE, …) must come before, in "
                  "the namespace of the struct");

  public:
    /* Not open. */
    table() noexcept = default;

    /* Opens the table `name` of a cache. Throws ZCACHE_E_CONFIG: there is no such codec, or it
     * cannot hold this type; ZCACHE_E_INVALID: a name or a descriptor is wrong; ZCACHE_E_PLUGIN:
     * the codec's plugin was refused.
     *     name    [A-Za-z0-9_.-]{1,64} */
    table(const cache &cache, const std::string &name, const table_options &options = {})
    {
        zcache_table_options c{};
        c.size = sizeof(c);
        c.serialization = zcache_detail::text_if_any(options.serialization);
        c.ttl_ms = options.ttl.to_c();
        zcache_detail::check(zcache_typed_open(cache.handle(), zcache_detail::text(name),
                                               zcache_describe(static_cast<T *>(nullptr)), &typed_,
                                               &c));
        handle_ = zcache_typed_handle(typed_);
    }

    /* The table as C has it; borrowed. */
    zcache_typed *typed() const
    {
        static_cast<void>(handle()); /* throws if it is not open */
        return typed_;
    }

    /* ---- one key */

    /* The struct of a key; nothing: it is not there, or does not fit the struct. */
    [[nodiscard]] std::optional<value<T>> get(std::string_view key,
                                              const read_options &options = {}) const
    {
        std::optional<value<T>> found(std::in_place);
        zcache_read_options c = zcache_detail::to_c(options);
        c.info = &found->info_;
        if (!yes(zcache_typed_get(typed(), key.data(), key.size(), &found->object_, &c)))
            found.reset();
        return found;
    }

    /* Writes a key, whatever is there: value and TTL. A value that cannot be stored (a text that is
     * not UTF-8, an enum without name) is ZCACHE_E_INVALID, and the message names the field. */
    void set(std::string_view key, const T &value, const write_options &options = {}) const
    {
        zcache_detail::check(write(key, value, ZCACHE_SET_ALWAYS, 0, options));
    }

    /* Writes a key only if it is not there; false: it is. */
    bool add(std::string_view key, const T &value, const write_options &options = {}) const
    {
        return yes(write(key, value, ZCACHE_SET_ADD, 0, options));
    }

    /* Writes a key only if it is there; false: it is not. */
    bool replace(std::string_view key, const T &value, const write_options &options = {}) const
    {
        return yes(write(key, value, ZCACHE_SET_REPLACE, 0, options));
    }

    /* Writes a key only if its value is still the one that was read with the token. */
    [[nodiscard]] cas_result cas(std::string_view key, const T &value, uint64_t token,
                                 const write_options &options = {}) const
    {
        return zcache_detail::cas_result_of(write(key, value, ZCACHE_SET_CAS, token, options));
    }

    /* ---- many keys */

    /* The struct of each key, in the order of the keys. */
    [[nodiscard]] std::vector<std::optional<value<T>>>
    get_multi(const key_batch &keys, const read_options &options = {},
              std::vector<zcache_status> *statuses = nullptr) const
    {
        const size_t n = keys.size();
        zcache_detail::objects<T> objects(n);
        std::vector<zcache_read_info> infos(n, zcache_read_info{ZCACHE_TTL_UNKNOWN, 0});
        std::vector<zcache_status> each(n, ZCACHE_OK);
        zcache_read_options c = zcache_detail::to_c(options);
        c.info = infos.data();
        zcache_detail::check_batch(
            zcache_typed_get_multi_n(typed(), n, keys.data(), objects.data(), each.data(), &c),
            each, statuses);
        std::vector<std::optional<value<T>>> found(n);
        for (size_t i = 0; i < n; i++) {
            if (each[i] != ZCACHE_OK)
                continue;
            std::swap(found[i].emplace().object_, objects.data()[i]);
            found[i]->info_ = infos[i];
        }
        if (statuses != nullptr)
            statuses->swap(each);
        return found;
    }

    /* Writes pairs of key and struct, as a std::map<std::string, T> has them. */
    template <class Pairs>
    void set_multi(const Pairs &pairs, const write_options &options = {},
                   std::vector<zcache_status> *statuses = nullptr) const
    {
        static_assert(std::is_reference_v<decltype(*std::begin(pairs))>,
                      "zcache: pairs that are made on the way cannot be borrowed from");
        std::vector<zcache_slice> keys;
        std::vector<T> values;
        for (const auto &[key, value] : pairs) {
            const std::string_view key_view = key;
            const T &same_type = value;
            keys.push_back(zcache_slice{key_view.data(), key_view.size()});
            values.push_back(same_type);
        }
        const zcache_write_options c = zcache_detail::to_c(options);
        std::vector<zcache_status> each(keys.size(), ZCACHE_OK);
        zcache_detail::check_batch(zcache_typed_set_multi_n(typed(), keys.size(), keys.data(),
                                                            values.data(), each.data(), &c),
                                   each, statuses);
        if (statuses != nullptr)
            statuses->swap(each);
    }
    void set_multi(std::initializer_list<std::pair<std::string_view, T>> pairs,
                   const write_options &options = {},
                   std::vector<zcache_status> *statuses = nullptr) const
    {
        set_multi<decltype(pairs)>(pairs, options, statuses);
    }

  private:
    zcache_status write(std::string_view key, const T &value, zcache_set_mode mode, uint64_t token,
                        const write_options &options) const
    {
        const zcache_write_options c = zcache_detail::to_c(options);
        return zcache_typed_set(typed(), key.data(), key.size(), &value, mode, token, &c);
    }

    zcache_typed *typed_ = nullptr;
};

#endif /* ZCACHE_TABLE_HPP */
